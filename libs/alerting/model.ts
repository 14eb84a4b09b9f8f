/** `news` are told once; the others stand until what they say is no longer so. */
export type AlertKind =
  | 'noLeader'
  | 'hubDown'
  | 'nodeDown'
  | 'nodeFenced'
  | 'volumeUnserved'
  | 'volumeFailed'
  | 'volumeFilling'
  | 'volumeReadOnly'
  | 'volumeNotWritable'
  | 'noSpare'
  | 'incompatible'
  | 'tlsExpiring'
  | 'certificateExpiring'
  | 'failoverDone'
  | 'failoverFailed'
  | 'usageSilent'
  | 'usageDiffers'
  | 'booksBroken';

/** Something that is so now. */
export interface Condition {
  readonly kind: AlertKind;
  /** Name of the hub, node or volume; '' for the cluster itself. */
  readonly subject: string;
  /** A sentence for people. */
  readonly detail: string;
  /** How urgent; default 0. One that rises is told at once. */
  readonly grade?: number;
}

/** Something that happened, to be told once. */
export interface News extends Condition {
  /** The cluster event it is made of. */
  readonly eventId: number;
  readonly at: Date;
}

export interface Alert {
  readonly id: string;
  readonly kind: AlertKind;
  readonly subject: string;
  readonly detail: string;
  readonly grade: number;
  readonly since: Date;
  /** `null` while it stands. */
  readonly resolvedAt: Date | null;
}

export interface AlertChannel {
  readonly id: string;
  readonly kind: 'mail' | 'webhook';
  /** Address or URL. */
  readonly target: string;
  readonly repeatMinutes: number;
  readonly createdAt: Date;
  /** Why the last message could not be sent; `null` when it was. */
  readonly failure: string | null;
}

/** How long a condition has to hold before it is an alert, in milliseconds. */
export const RAISE_AFTER_MS: Readonly<Record<AlertKind, number>> = {
  // Another hub takes over within the lease's 3 s.
  noLeader: 10_000,
  hubDown: 0,
  nodeDown: 0,
  nodeFenced: 0,
  // A frozen owner is taken over within 6 s; fencing comes after the lock's deadline.
  volumeUnserved: 15_000,
  volumeFailed: 0,
  // A disk at the limit goes to and fro.
  volumeFilling: 10_000,
  volumeReadOnly: 0,
  volumeNotWritable: 5_000,
  // A member that is restarted, or upgraded, is back by then.
  noSpare: 60_000,
  incompatible: 5_000,
  tlsExpiring: 0,
  certificateExpiring: 0,
  failoverDone: 0,
  failoverFailed: 0,
  usageSilent: 0,
  usageDiffers: 0,
  booksBroken: 0,
};
