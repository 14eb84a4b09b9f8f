import type { Random } from '#stdx';
import type { ScramKeys } from './scram-keys.ts';

/**
 * What an exchange wants next. `challenge` goes to the client, whose answer is the next `step`. All others but `keys` and a
 * refused `token` end the exchange. Strings are prepared with SASLprep where the mechanism's RFC asks; none holds NUL.
 */
export type SaslStep =
  | { readonly kind: 'challenge'; readonly data: Buffer }
  /** The client named itself and sent its password: check it, and whether it may act as `authorizationId` ('' = as itself). */
  | {
      readonly kind: 'credentials';
      readonly authorizationId: string;
      readonly username: string;
      readonly password: string;
    }
  /** SCRAM needs the account's keys. Give `null` for an unknown account: the exchange then fails as with a wrong password, and no sooner. */
  | { readonly kind: 'keys'; readonly username: string; supply(keys: ScramKeys | null): SaslStep }
  /** A bearer token to check. `authorizationId` is the account the client claims, '' when it claims none. When it is not good, `refuse` tells the client why. */
  | {
      readonly kind: 'token';
      readonly authorizationId: string;
      readonly token: string;
      refuse(why: TokenError): SaslStep;
    }
  /** Proven: the client is `username`. It may act as `authorizationId` ('' = as itself) if you allow it. */
  | { readonly kind: 'authenticated'; readonly authorizationId: string; readonly username: string }
  | { readonly kind: 'failed'; readonly reason: SaslFailure };

/** Why an exchange ended without anybody being known. The protocol answers each with its own code; nothing more is told to the client. */
export type SaslFailure =
  /** The client broke the mechanism's syntax or order: SMTP 501 5.5.2, IMAP BAD. */
  | 'malformed'
  /** The response exceeds the limit: SMTP 500 5.5.6. */
  | 'tooLong'
  /** Wrong proof or unknown account. */
  | 'invalidCredentials'
  /** The client's channel binding is not this connection's: somebody is in between. */
  | 'channelBinding'
  /** The token was refused, and the client has been told. */
  | 'tokenRefused';

/** RFC 7628 §3.2.2: what is told of a token that was not good. */
export interface TokenError {
  readonly status: 'invalid_token' | 'invalid_request' | 'insufficient_scope';
  readonly scope?: string;
  readonly openIdConfiguration?: string;
}

/** One authentication, server side. The protocol decodes base64 and handles `*` (cancel) itself, by dropping the exchange. */
export interface SaslExchange {
  /** First the initial response, `null` when the client sent none (an empty one, `=`, is an empty buffer); then each answer to a challenge. */
  step(response: Buffer | null): SaslStep;
}

/** What an exchange may need to know of its connection and its server. */
export interface SaslContext {
  readonly random: Random;
  /** RFC 5056 bindings of the TLS connection by name (`tls-exporter`, `tls-server-end-point`); empty without TLS. */
  readonly channelBindings: ReadonlyMap<string, Buffer>;
  /** Were -PLUS mechanisms in the list the client saw? A client that says they were not, has been lied to (RFC 5802 §6). */
  readonly offeredChannelBinding: boolean;
  /** Same on all servers and over restarts: makes the salt shown for unknown accounts, so that they look like any other. */
  readonly decoySecret: Buffer;
}

/** A mechanism as a protocol lists it. */
export interface SaslMechanism {
  /** IANA name. */
  readonly name: string;
  /** The secret itself crosses the wire: only to be offered under TLS. */
  readonly needsTls: boolean;
  /** Only to be offered where the connection has channel bindings. */
  readonly needsChannelBinding: boolean;
  start(context: SaslContext): SaslExchange;
}

/** RFC 4954 §4: a base64 line of up to 12,288 octets must be accepted, which is 9,216 decoded. Tokens of OpenID providers reach a few thousand. */
export const RESPONSE_BYTES_MAX = 9_216;
/** RFC 4616 §2 asks for 255 octets; mail addresses have up to 254 (RFC 5321 §4.5.3.1.3, by its path of 256). */
export const IDENTITY_BYTES_MAX = 1_024;
/** RFC 4616 §2 asks for 255 octets. A longer bound would only feed the password hash. */
export const PASSWORD_BYTES_MAX = 1_024;

export const failed = (reason: SaslFailure): SaslStep => ({ kind: 'failed', reason });
export const challenge = (data: string | Buffer): SaslStep => ({
  kind: 'challenge',
  data: typeof data === 'string' ? Buffer.from(data, 'utf8') : data,
});
