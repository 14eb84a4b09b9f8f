/** What a script wants done with its message, in order. The host does all of it or nothing. */
export type SieveAction = StoreAction | RedirectAction | RejectAction | VacationAction | NotifyAction;

export interface StoreAction {
  readonly kind: 'store';
  /** `null` is the inbox. */
  readonly mailbox: string | null;
  /** As IMAP spells them: `\Seen`, `$label`. */
  readonly flags: readonly string[];
  /** The header block to store instead of the message's own, blank line included; `null` when it was not edited. */
  readonly header: Buffer | null;
}

export interface RedirectAction {
  readonly kind: 'redirect';
  readonly address: string;
  readonly header: Buffer | null;
}

export interface RejectAction {
  readonly kind: 'reject';
  readonly reason: string;
}

export interface VacationAction {
  readonly kind: 'vacation';
  /** Who is answered. */
  readonly to: string;
  /** Tells this answer from others: one sender is answered once a period and handle (RFC 5230 §4.2). */
  readonly handle: string;
  readonly periodSeconds: number;
  readonly subject: string | null;
  /** Header text of From; `null` is the owner's address. */
  readonly from: string | null;
  readonly reason: string;
  /** The reason is a MIME entity with its header (RFC 5230 §4.6). */
  readonly isMime: boolean;
}

export interface NotifyAction {
  readonly kind: 'notify';
  readonly recipients: readonly string[];
  readonly from: string | null;
  /** 1 is highest, 3 lowest (RFC 5435 §3.4). */
  readonly importance: 1 | 2 | 3;
  readonly subject: string | null;
  readonly body: string | null;
  /** Further header fields of the URI, name and value. */
  readonly fields: readonly (readonly [string, string])[];
}

/** A message to be known again (RFC 7352): remembered once the run's actions are done. */
export interface SieveTracking {
  readonly key: string;
  readonly seconds: number;
}
