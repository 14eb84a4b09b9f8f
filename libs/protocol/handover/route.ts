/** MAIL and RCPT parameters of the inner LMTP leg: base64url JSON, so that no character of an address needs quoting. */

/** `RCPT TO:<…> ROUTE=…`: deliver to this account here. A RCPT without it is queued for relay; `INNER` beside it says that it stays in the cluster, and is not billed as sent. */
export interface RecipientRoute {
  readonly accountId: string;
  readonly email: string;
  readonly partnerId: string;
  readonly quotaBytes: number;
  readonly volumeId: string;
  readonly epoch: number;
  /** Where it was sent, an alias or an address with a detail; absent where that is `email`. */
  readonly recipient?: string;
}

/** `MAIL FROM:<…> ORIGIN=…`: where the message came from, for queue entries, trace and billing. */
export interface MessageOrigin {
  /** Hub transaction id, in Received and logs. */
  readonly transactionId: string;
  /** Volume and epoch whose queue takes recipients without a ROUTE. */
  readonly volumeId: string;
  readonly epoch: number;
  /** Billed for queued recipients. */
  readonly partnerId: string;
  readonly clientAddress: string;
  /** Account that submitted it; absent for mail from outside. */
  readonly submitter?: string;
}

export const encodeRouteParameter = (value: RecipientRoute | MessageOrigin): string =>
  Buffer.from(JSON.stringify(value)).toString('base64url');

export const decodeRecipientRoute = (text: string): RecipientRoute =>
  JSON.parse(Buffer.from(text, 'base64url').toString());
export const decodeMessageOrigin = (text: string): MessageOrigin =>
  JSON.parse(Buffer.from(text, 'base64url').toString());
