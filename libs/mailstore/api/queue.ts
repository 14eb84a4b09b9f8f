import type { AccountId, BlobId } from './model.ts';
import type { Memory } from './scripts.ts';

/** One message on its way out: to the world, or to an account homed on another volume. It lives in the volume, so a takeover takes it along. */
export interface QueueEntry {
  readonly id: number;
  readonly blobId: BlobId;
  readonly size: number;
  /** Envelope sender; '' for the null reverse-path. */
  readonly reversePath: string;
  readonly forwardPath: string;
  /** Partner who pays and is blamed. */
  readonly partnerId: string;
  /** MAIL and RCPT parameters to hand on: BODY, SMTPUTF8, RET, ENVID, NOTIFY, ORCPT. */
  readonly parameters: Readonly<Record<string, string>>;
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
  readonly nextAttemptAt: number;
  readonly attempts: number;
  /** Last answer or reason, for people. */
  readonly lastError: string | null;
  readonly status: 'queued' | 'held';
}

export interface NewQueueEntry {
  readonly reversePath: string;
  readonly forwardPath: string;
  readonly partnerId: string;
  readonly parameters?: Readonly<Record<string, string>>;
  /** Milliseconds since the epoch; defaults to now. */
  readonly notBefore?: number;
  /** False for mail that stays in the cluster and for notices: it is not billed as sent. Default true. */
  readonly metered?: boolean;
  /** It is part of what this account does with the delivery: left out when the account's targets are refused. */
  readonly onBehalfOf?: AccountId;
  /** Queued only when this is not remembered yet, and then it is: one answer a sender and period. */
  readonly once?: Memory;
}

/** Outcome of one attempt: gone (delivered or bounced), or to be tried again. */
export type QueueUpdate =
  | { readonly id: number; readonly done: true }
  | {
      readonly id: number;
      readonly done: false;
      readonly nextAttemptAt: number;
      readonly lastError: string;
      readonly status?: 'queued' | 'held';
    };
