import type { Uid } from '#mailstore/api';
import type { IndexDb } from './index-db.ts';
import type { MailboxRow } from './rows.ts';

/** Uids read before others have their turn: about 5 ms. */
export const UID_SLICE = 50_000;
/** Shorter lists are read again as quickly. */
const KEPT_UIDS_MIN = 1_000;
/** Uids kept for all mailboxes together: 4 MB. */
const KEPT_UIDS_MAX = 1_000_000;

interface KeptList {
  readonly uidNext: Uid;
  readonly uids: Uint32Array;
}

/** One text of a slice's uids: a fifth of the cost of as many rows. */
const SQL = `SELECT group_concat(uid) AS list FROM (SELECT uid FROM membership
  WHERE account = ? AND mailbox = ? AND uid > ? ORDER BY uid LIMIT ${UID_SLICE})`;

/**
 * The uids of mailboxes, long lists kept from one session that selects them to the next. A mailbox's number of messages and its uidNext
 * tell whether a list still holds: uids come only by raising the one, and go only by lowering the other.
 */
export class UidLists {
  /** In the order of their last use. */
  private readonly kept = new Map<string, KeptList>();
  private keptUids = 0;

  constructor(private readonly index: IndexDb) {}

  /** Ascending uids above one, at most `UID_SLICE`. */
  slice({ account, id }: MailboxRow, after: Uid): Uint32Array {
    return parseUids(this.index.get<{ list: string | null }>(SQL, account, id, after)?.list ?? '').sort();
  }

  /** All uids of the mailbox as it is now, when that is known or little more than what is known; the caller's own. */
  known(row: MailboxRow): Uint32Array | undefined {
    const list = this.kept.get(keyOf(row));
    if (!list) return undefined;
    const added = row.uidNext === list.uidNext ? NONE : this.slice(row, list.uidNext - 1);
    if (list.uids.length + added.length !== row.messages) return undefined;
    const uids = new Uint32Array(row.messages);
    uids.set(list.uids);
    uids.set(added, list.uids.length);
    return uids;
  }

  /** `uids`: read while the mailbox was as given. When it was not any more, the list is of no use, and not taken for one. */
  keep(row: MailboxRow, uids: Uint32Array): void {
    const key = keyOf(row);
    this.forget(key);
    const isOfRow = uids.length === row.messages && (uids.at(-1) ?? 0) < row.uidNext;
    if (!isOfRow || uids.length < KEPT_UIDS_MIN || uids.length > KEPT_UIDS_MAX) return;
    for (const oldest of this.kept.keys()) {
      if (this.keptUids + uids.length <= KEPT_UIDS_MAX) break;
      this.forget(oldest);
    }
    this.kept.set(key, { uidNext: row.uidNext, uids: uids.slice() });
    this.keptUids += uids.length;
  }

  private forget(key: string): void {
    this.keptUids -= this.kept.get(key)?.uids.length ?? 0;
    this.kept.delete(key);
  }
}

const NONE = new Uint32Array(0);

const keyOf = ({ account, id }: MailboxRow): string => `${account}/${id}`;

/** Puts slices together. */
export class UidGatherer {
  private uids: Uint32Array;
  private length = 0;

  constructor(expected: number) {
    this.uids = new Uint32Array(expected);
  }

  add(slice: Uint32Array): void {
    if (this.length + slice.length > this.uids.length) {
      const grown = new Uint32Array(this.length + slice.length);
      grown.set(this.uids.subarray(0, this.length));
      this.uids = grown;
    }
    this.uids.set(slice, this.length);
    this.length += slice.length;
  }

  all(): Uint32Array {
    return this.uids.subarray(0, this.length);
  }
}

/** "3,5,8" → 3, 5, 8. */
function parseUids(list: string): Uint32Array {
  const uids = new Uint32Array(list === '' ? 0 : list.length / 2 + 1);
  let length = 0;
  let value = 0;
  for (let i = 0; i < list.length; i++) {
    const code = list.charCodeAt(i);
    if (code === 0x2c) {
      uids[length++] = value;
      value = 0;
    } else value = value * 10 + code - 0x30;
  }
  if (list !== '') uids[length++] = value;
  return uids.slice(0, length);
}
