/**
 * Who collects money for us. It is a collector and no more: what is owed, its lines and its number are ours; it is told an
 * amount and a name for it. Everything can be asked again: a name stands for one charge for ever.
 */
export interface PaymentProvider {
  /** The partner's customer there: made, or found when it was made before. */
  customer(partner: PayingPartner): Promise<string>;
  /** Opens the way for the partner to save a payment method there, for charges without it being present. */
  beginSetup(customerId: string): Promise<SetupSession>;
  /** Saved by the customer and chargeable. */
  methods(customerId: string): Promise<SavedMethod[]>;
  /** Whose method it is; `undefined` when nobody's any more. */
  methodOwner(methodId: string): Promise<string | undefined>;
  detachMethod(methodId: string): Promise<void>;
  /** Charges, or gives the charge made before under the same name. A declined charge is an answer, not an error. */
  charge(charge: ChargeRequest): Promise<ChargeState>;
  /** The charge as it is now. */
  lookUp(externalId: string): Promise<ChargeState>;
  /** Gives up a charge that needs the customer; `succeeded` when it was too late. */
  cancel(externalId: string): Promise<ChargeState>;
  /** Gives back part of a charge, or gives the refund made before under the same name. Never more than was received: refused. */
  refund(request: RefundRequest): Promise<RefundState>;
  /** The refund as it is now. */
  lookUpRefund(externalId: string): Promise<RefundState>;
}

export interface RefundRequest {
  readonly refundId: string;
  readonly invoiceId: string;
  readonly partnerId: string;
  /** The charge it gives back of. */
  readonly chargeId: string;
  readonly minor: bigint;
  readonly currency: string;
}

export interface RefundState {
  readonly externalId: string;
  readonly refundId: string;
  readonly status: 'processing' | 'succeeded' | 'failed';
  readonly failure: string | null;
}

export interface PayingPartner {
  readonly partnerId: string;
  readonly name: string;
  readonly email: string | null;
}

export interface SetupSession {
  readonly id: string;
  /** Given to the browser, which finishes the setup with the provider. */
  readonly clientSecret: string;
}

export interface SavedMethod {
  readonly id: string;
  readonly kind: string;
  /** As shown to people: `visa •••• 4242, 12/2030`. */
  readonly label: string;
}

export interface ChargeRequest {
  readonly invoiceId: string;
  readonly attempt: number;
  readonly partnerId: string;
  readonly customerId: string;
  readonly methodId: string;
  readonly minor: bigint;
  readonly currency: string;
  /** On the customer's statement and the provider's pages. */
  readonly description: string;
}

export type ChargeStatus = 'processing' | 'actionNeeded' | 'succeeded' | 'failed' | 'canceled';

export interface ChargeState {
  readonly externalId: string;
  readonly invoiceId: string;
  readonly attempt: number;
  readonly status: ChargeStatus;
  /** What came in, minor units; 0 until it succeeded. */
  readonly received: bigint;
  readonly currency: string;
  readonly failure: { readonly code: string; readonly reason: string } | null;
  /** With `actionNeeded`: lets the customer's browser finish. */
  readonly clientSecret: string | null;
}

/** It cannot be asked now, or what it answered says nothing about whether it was done: ask again. */
export class PaymentProviderUnavailableError extends Error {
  override readonly name = 'PaymentProviderUnavailableError';
}

/** It refuses the request itself; asking again changes nothing. */
export class PaymentRefusedError extends Error {
  override readonly name = 'PaymentRefusedError';
  constructor(
    readonly code: string,
    reason: string,
  ) {
    super(reason);
  }
}
