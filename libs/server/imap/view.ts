import {
  type AccountId,
  type Mailbox,
  type MailboxId,
  type MailboxRef,
  type ModSeq,
  RIGHTS,
  type Uid,
  type UidRange,
} from '#mailstore/api';
import {
  expandSequenceSet,
  formatSequenceSet,
  ImapSyntaxError,
  type NumberRange,
  type PositionRange,
  positionsOf,
  resolveSequenceSet,
  type SelectedMark,
  type SequenceRange,
} from '#protocol/imap';

/** Messages of a view picked by a command: ascending index ranges, and the same as uid ranges for the store. */
export interface Selection {
  /** Inclusive indexes into the view's uids. */
  readonly indexes: readonly NumberRange[];
  readonly ranges: readonly UidRange[];
  readonly count: number;
}

/**
 * What one client believes of its selected mailbox: which uids it has been told of, in order (a sequence number is an index
 * plus one), and up to which modSeq it has been told of expunges and of flags. It lags behind the store until `sync` tells.
 */
export class MailboxView {
  /** Came and went while expunges could not be told: below `uidNext`, vanished after `expungesToldTo`, and never in the view. */
  neverTold: readonly Uid[] = [];
  /** Of the client: its own mailboxes allow everything. RFC 4314 §2.1. */
  rights = RIGHTS;
  /** Flags have not been told since, as the client wanted: `flagsToldTo` went on without them. */
  private flagsHiddenFrom: ModSeq | null = null;
  private uids: Uint32Array;
  private length: number;

  constructor(
    readonly ref: MailboxRef,
    readonly uidValidity: number,
    readonly readOnly: boolean,
    uids: Uint32Array,
    /** The client knows of every message below it and of none from it on. */
    public uidNext: Uid,
    public expungesToldTo: ModSeq,
    public flagsToldTo: ModSeq,
    /** \Recent uids: first, last, first, last … */
    private recent: number[] = [],
  ) {
    this.uids = uids;
    this.length = uids.length;
  }

  get mailboxId(): MailboxId {
    return this.ref.mailboxId;
  }

  /** EXISTS as the client knows it. */
  get exists(): number {
    return this.length;
  }

  uidAt(index: number): Uid {
    return this.uids[index]!;
  }

  get lastUid(): Uid {
    return this.length === 0 ? 0 : this.uids[this.length - 1]!;
  }

  /** Index of the first uid at or above `uid`. */
  lowerBound(uid: Uid): number {
    let low = 0;
    let high = this.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.uids[middle]! < uid) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Sequence number of a uid, 0 when the client does not know it. */
  sequenceOf(uid: Uid): number {
    const index = this.lowerBound(uid);
    return index < this.length && this.uids[index] === uid ? index + 1 : 0;
  }

  /** By sequence numbers: one that is beyond the mailbox is a client's error. RFC 9051 §9 `seq-number`. */
  bySequence(set: readonly SequenceRange[]): Selection {
    if (this.length === 0) throw new ImapSyntaxError('The mailbox is empty');
    const ranges = resolveSequenceSet(set, this.length);
    if (ranges.at(-1)!.last > this.length) throw new ImapSyntaxError('Sequence number beyond the mailbox');
    return this.select(ranges.map(({ first, last }) => ({ first: first - 1, last: last - 1 })));
  }

  /** By uids: those that are not there are passed over. RFC 9051 §6.4.9. */
  byUid(set: readonly SequenceRange[]): Selection {
    const indexes: NumberRange[] = [];
    for (const { first, last } of resolveSequenceSet(set, this.lastUid)) {
      const from = this.lowerBound(first);
      const to = this.lowerBound(last + 1) - 1;
      if (from <= to) indexes.push({ first: from, last: to });
    }
    return this.select(indexes);
  }

  /** Of ascending uids, those in the view. */
  byKnownUids(ascending: ArrayLike<Uid>): Selection {
    const indexes: { first: number; last: number }[] = [];
    for (let i = 0; i < ascending.length; i++) {
      const index = this.sequenceOf(ascending[i]!) - 1;
      if (index < 0) continue;
      const previous = indexes.at(-1);
      if (previous && previous.last + 1 === index) previous.last = index;
      else indexes.push({ first: index, last: index });
    }
    return this.select(indexes);
  }

  /** Of a selection's messages, those at these positions. */
  part({ indexes, count }: Selection, range: PositionRange): Selection {
    const { start, end } = positionsOf(range, count);
    const chosen: NumberRange[] = [];
    let position = 0;
    for (const { first, last } of indexes) {
      const from = Math.max(first, first + start - position);
      const to = Math.min(last, first + end - position - 1);
      if (from <= to) chosen.push({ first: from, last: to });
      position += last - first + 1;
    }
    return this.select(chosen);
  }

  all(): Selection {
    return this.select(this.length === 0 ? [] : [{ first: 0, last: this.length - 1 }]);
  }

  private select(indexes: readonly NumberRange[]): Selection {
    let count = 0;
    const ranges = indexes.map(({ first, last }) => {
      count += last - first + 1;
      return { first: this.uids[first]!, last: this.uids[last]! };
    });
    return { indexes, ranges, count };
  }

  /** Passes over flags changed up to this modSeq: the client does not want to hear of them. */
  hideFlags(to: ModSeq): void {
    this.flagsHiddenFrom ??= this.flagsToldTo;
    this.flagsToldTo = Math.max(this.flagsToldTo, to);
  }

  /** The client wants to hear of flags again. True when there are some it has not heard of. */
  unhideFlags(): boolean {
    if (this.flagsHiddenFrom === null) return false;
    this.flagsToldTo = this.flagsHiddenFrom;
    this.flagsHiddenFrom = null;
    return true;
  }

  /** Adds messages the client is being told of, ascending and above all known. */
  append(uids: readonly Uid[]): void {
    const needed = this.length + uids.length;
    if (needed > this.uids.length) {
      // A little room for what follows, so that a busy mailbox is not copied at every message.
      const grown = new Uint32Array(needed + Math.min(1_024, needed >>> 3));
      grown.set(this.uids.subarray(0, this.length));
      this.uids = grown;
    }
    this.uids.set(uids, this.length);
    this.length = needed;
  }

  /** Removes messages the client is being told have gone. Returns their sequence numbers of before, ascending. */
  remove(ascending: readonly Uid[]): number[] {
    const sequences: number[] = [];
    for (const uid of ascending) {
      const sequence = this.sequenceOf(uid);
      if (sequence > 0) sequences.push(sequence);
    }
    let to = (sequences[0] ?? 0) - 1;
    for (let i = 0; i < sequences.length; i++) {
      const from = sequences[i]!;
      const until = (sequences[i + 1] ?? this.length + 1) - 1;
      this.uids.copyWithin(to, from, until);
      to += until - from;
    }
    this.length -= sequences.length;
    return sequences;
  }

  addRecent(first: Uid, last: Uid): void {
    if (last < first) return;
    const { recent } = this;
    if (recent.length > 0 && recent.at(-1)! + 1 >= first) recent[recent.length - 1] = last;
    else recent.push(first, last);
  }

  get hasRecent(): boolean {
    return this.recent.length > 0;
  }

  isRecent(uid: Uid): boolean {
    for (let i = this.recent.length - 2; i >= 0; i -= 2) if (uid >= this.recent[i]!) return uid <= this.recent[i + 1]!;
    return false;
  }

  /** Uid ranges of \Recent. */
  recentRanges(): UidRange[] {
    const ranges: UidRange[] = [];
    for (let i = 0; i < this.recent.length; i += 2) ranges.push({ first: this.recent[i]!, last: this.recent[i + 1]! });
    return ranges;
  }

  get recentCount(): number {
    let count = 0;
    for (const { first, last } of this.recentRanges()) count += this.lowerBound(last + 1) - this.lowerBound(first);
    return count;
  }

  /** `1:3,7` of every uid, for tests and logs. */
  toString(): string {
    return formatSequenceSet(this.uids.subarray(0, this.length));
  }

  /** `accountId`: whose session it is; only a mailbox of another account is marked with its owner. */
  toMark(accountId: AccountId): SelectedMark {
    const neverTold = formatSequenceSet(this.neverTold);
    return {
      mailboxId: this.ref.mailboxId,
      accountId: this.ref.accountId === accountId ? null : this.ref.accountId,
      readOnly: this.readOnly,
      uidValidity: this.uidValidity,
      uidNext: this.uidNext,
      expungesToldTo: this.expungesToldTo,
      flagsToldTo: this.flagsHiddenFrom ?? this.flagsToldTo,
      recent: this.recent.slice(-RECENT_MARKED_MAX),
      neverTold: neverTold.length > NEVER_TOLD_CHARS_MAX ? null : neverTold,
    };
  }

  /**
   * The view of a mark, rebuilt: what is there now and was known then, and what has vanished since without the client having
   * been told. `vanished` is since the mark's `expungesToldTo`; a uid may be in both.
   */
  static fromMark(
    mark: SelectedMark,
    mailbox: Mailbox,
    accountId: string,
    uids: Uint32Array,
    vanished: readonly Uid[],
  ): MailboxView {
    const neverTold = expandSequenceSet(mark.neverTold ?? '');
    const hidden = new Set(neverTold);
    const told = [...uids, ...vanished].filter((uid) => uid < mark.uidNext && !hidden.has(uid));
    const view = new MailboxView(
      { accountId, mailboxId: mailbox.id },
      mailbox.uidValidity,
      mark.readOnly,
      Uint32Array.from(new Set(told)).sort(),
      mark.uidNext,
      mark.expungesToldTo,
      mark.flagsToldTo,
      [...mark.recent],
    );
    view.neverTold = neverTold;
    return view;
  }
}

/** Pairs of recent ranges that travel in a mark: they only merge or grow at the end, so the last ones matter. */
const RECENT_MARKED_MAX = 16;
const NEVER_TOLD_CHARS_MAX = 500;
