/**
 * Where a session stands after a complete response: the state of a MARK (`#protocol/handover`), from which a new owner of
 * the volume goes on. Opaque to the hub.
 */
export interface Pop3Mark {
  readonly mailboxId: number;
  readonly uidValidity: number;
  /** The maildrop is every message below this uid … */
  readonly uidNext: number;
  /** … that was there at this modSeq. */
  readonly modSeq: number;
  /** Numbers marked deleted: first, last, first, last …; `null` when that is too long to travel. */
  readonly deleted: readonly number[] | null;
}

const VERSION = 1;
/** Of a mark's 2,048 bytes. */
const DELETED_CHARS_MAX = 1_800;

export function encodePop3Mark({ mailboxId, uidValidity, uidNext, modSeq, deleted }: Pop3Mark): Buffer {
  const numbers = deleted && JSON.stringify(deleted).length <= DELETED_CHARS_MAX ? deleted : null;
  return Buffer.from(JSON.stringify([VERSION, mailboxId, uidValidity, uidNext, modSeq, numbers]));
}

/** Throws `RangeError` on bytes that are no mark of this version: they come from another release, and the session ends. */
export function decodePop3Mark(bytes: Uint8Array): Pop3Mark {
  const value: unknown = JSON.parse(Buffer.from(bytes).toString());
  if (!Array.isArray(value) || value[0] !== VERSION) throw new RangeError('session mark of an unknown version');
  const [, mailboxId, uidValidity, uidNext, modSeq, deleted] = value;
  return { mailboxId, uidValidity, uidNext, modSeq, deleted };
}
