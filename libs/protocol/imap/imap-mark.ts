import type { NotifyRequest } from './parse/notify.ts';

/**
 * Where a session stands after a complete response: the state of a MARK (`#protocol/handover`), from which a new owner of
 * the volume goes on. Opaque to the hub.
 */
export interface ImapMark {
  /** What was enabled, in upper case: `CONDSTORE`, `QRESYNC`, `IMAP4REV2`, `UTF8=ACCEPT`, `UIDONLY`. */
  readonly enabled: readonly string[];
  readonly selected: SelectedMark | null;
  /** Tag of the IDLE that waits for DONE; `null` when not idling. */
  readonly idleTag: string | null;
  /** The saved search result as a set of uids; '' when empty or none, `null` when it is too long to travel. RFC 5182. */
  readonly savedSearch: string | null;
  /** What NOTIFY asked for last; `null` when it never did. */
  readonly notify: NotifyMark | null;
}

/** `lost`: it was too long to travel. */
export type NotifyMark = 'lost' | { readonly request: NotifyRequest; readonly mailboxes: MailboxNewsMark | null };

/** From where news of mailboxes that are not selected goes on. */
export interface MailboxNewsMark {
  /** ModSeq of the client's own account up to which changes have been told. */
  readonly toldTo: number;
  /** CRC-32 of names and subscriptions as the client knows them. */
  readonly names: number;
}

/** The view of the selected mailbox. */
export interface SelectedMark {
  readonly mailboxId: number;
  readonly readOnly: boolean;
  readonly uidValidity: number;
  /** Whose it is, when it is not the session's own account's. */
  readonly accountId: string | null;
  /** The client has been told of every message below this uid, and of none from it on. */
  readonly uidNext: number;
  /** The client has been told of every expunge up to this modSeq. */
  readonly expungesToldTo: number;
  /** The client has been told of every flag change up to this modSeq. */
  readonly flagsToldTo: number;
  /** Uids that are \Recent in this session: first, last, first, last … */
  readonly recent: readonly number[];
  /** Set of uids below `uidNext`, vanished after `expungesToldTo`, that the client was never told of; `null` when it is too long to travel. */
  readonly neverTold: string | null;
}

const VERSION = 1;

/** About 100 bytes of JSON. What takes it past `bytesMax` is left behind: what NOTIFY asked for, then the saved search. */
export function encodeImapMark(mark: ImapMark, bytesMax = Number.POSITIVE_INFINITY): Buffer {
  const whole = encode(mark);
  if (whole.length <= bytesMax) return whole;
  if (mark.notify !== null && mark.notify !== 'lost') return encodeImapMark({ ...mark, notify: 'lost' }, bytesMax);
  return encode({ ...mark, savedSearch: null });
}

function encode(mark: ImapMark): Buffer {
  const { selected: s } = mark;
  return Buffer.from(
    JSON.stringify([
      VERSION,
      mark.enabled,
      s && [
        s.mailboxId,
        s.readOnly,
        s.uidValidity,
        s.uidNext,
        s.expungesToldTo,
        s.flagsToldTo,
        s.recent,
        s.neverTold,
        s.accountId,
      ],
      mark.idleTag,
      mark.savedSearch,
      mark.notify,
    ]),
  );
}

/** Throws `RangeError` on bytes that are no mark of this version: they come from another release, and the session ends. */
export function decodeImapMark(bytes: Uint8Array): ImapMark {
  const value: unknown = JSON.parse(Buffer.from(bytes).toString());
  if (!Array.isArray(value) || value[0] !== VERSION) throw new RangeError('session mark of an unknown version');
  const [, enabled, selected, idleTag, savedSearch, notify] = value;
  return {
    enabled,
    selected: selected && {
      mailboxId: selected[0],
      readOnly: selected[1],
      uidValidity: selected[2],
      uidNext: selected[3],
      expungesToldTo: selected[4],
      flagsToldTo: selected[5],
      recent: selected[6],
      neverTold: selected[7],
      accountId: selected[8] ?? null,
    },
    idleTag,
    savedSearch,
    notify: notify ?? null,
  };
}
