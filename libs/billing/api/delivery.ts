/** What happened to an invoice, as it is written to the outbox with the fact. */
export type InvoiceEvent =
  | { readonly type: 'invoice.finalized'; readonly invoiceId: string; readonly number: string }
  | { readonly type: 'invoice.overdue'; readonly invoiceId: string; readonly dueMinor: number }
  | { readonly type: 'invoice.paid'; readonly invoiceId: string }
  | { readonly type: 'creditNote.issued'; readonly creditNoteId: string; readonly number: string }
  | { readonly type: 'dunning.reminder'; readonly invoiceId: string; readonly step: number }
  | { readonly type: 'partner.suspended'; readonly invoiceId: string }
  | { readonly type: 'partner.restored'; readonly invoiceId: string }
  | DisputeEvent
  | RefundEvent
  | SpendEvent;

export type DisputeEvent = { readonly disputeId: string; readonly invoiceId: string } & (
  | { readonly type: 'dispute.opened' | 'dispute.withdrawn' | 'dispute.credited' | 'dispute.rejected' }
  | { readonly type: 'dispute.commented'; readonly side: DisputeSide }
);

/** Who says something about a disputed line. */
export type DisputeSide = 'partner' | 'support';

export interface RefundEvent {
  readonly type: 'refund.requested' | 'refund.succeeded' | 'refund.failed';
  readonly refundId: string;
  readonly invoiceId: string;
}

/** A month's spending, net and without what is missing to a commitment, came to a limit the partner set. */
export interface SpendEvent {
  readonly type: 'spend.threshold' | 'spend.capReached';
  readonly month: string;
  /** Of the budget, where the limit was said so. */
  readonly percent: number | null;
  readonly cap: 'off' | 'soft' | 'hard';
  /** Minor units. */
  readonly limitMinor: number;
  readonly spendMinor: number;
  readonly currency: string;
}

export const INVOICE_TOPIC = 'invoice';

/** BullMQ queue of billing's schedule. */
export const BILLING_JOB_QUEUE = 'billing';

export interface Attachment {
  readonly name: string;
  readonly mediaType: string;
  readonly bytes: Buffer;
}

export interface OutgoingMail {
  /** Names the message for ever: sent again, it has the same Message-ID. */
  readonly name: string;
  readonly to: string;
  readonly subject: string;
  readonly text: string;
  readonly attachments: readonly Attachment[];
}

/** Hands a message over to the mail system. */
export interface Mailer {
  /** Resolves when it is accepted. Throws `MailRefusedError` or `MailUncertainError`; anything else may be tried again. */
  send(mail: OutgoingMail): Promise<void>;
}

/** It will never be accepted. */
export class MailRefusedError extends Error {
  override readonly name = 'MailRefusedError';
}

/** The line broke after the message was given and before it was accepted: nobody knows. */
export class MailUncertainError extends Error {
  override readonly name = 'MailUncertainError';
}

export interface WebhookCall {
  readonly url: string;
  readonly secret: Buffer;
  /** `webhook-id`: the same at each try, so that the receiver can tell. */
  readonly id: string;
  readonly body: string;
}

/** Calls partners' programs. */
export interface WebhookCaller {
  /** What the endpoint answered; `failure` when it gave no answer. */
  call(call: WebhookCall): Promise<{ readonly status: number | null; readonly failure: string | null }>;
}
