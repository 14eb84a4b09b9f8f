import type { Mailbox, MailboxRef, MailStore, ModSeq, Uid, UidRange } from '#mailstore/api';
import type { Pop3Mark } from '#protocol/pop3';
import type { RequestContext } from '#stdx';
import { Pop3Refusal } from './errors.ts';

/** What a client may know of one message. */
export interface MaildropMessage {
  readonly number: number;
  readonly uid: Uid;
  /** Octets. RFC 1939 §11. */
  readonly size: number;
}

const DELETED = 1;
const GONE = 2;

/** A mailbox as it was at one modSeq, in POP3's numbers: 1 for its lowest uid. RFC 1939 §5. */
export class Maildrop {
  private readonly state: Uint8Array;

  private constructor(
    readonly ref: MailboxRef,
    private readonly at: Pick<Pop3Mark, 'uidValidity' | 'uidNext' | 'modSeq'>,
    private readonly uids: Uint32Array,
    private readonly sizes: Uint32Array,
  ) {
    this.state = new Uint8Array(uids.length);
  }

  /** The inbox as it is, or as a lost owner's session saw it; `undefined` when that can no longer be found out. */
  static async open(
    store: MailStore,
    context: RequestContext,
    accountId: string,
    mark: Pop3Mark | undefined,
  ): Promise<Maildrop | undefined> {
    const mailbox = await store.mailbox(context, accountId, mark?.mailboxId ?? 'INBOX');
    if (mark && (mark.uidValidity !== mailbox.uidValidity || mark.deleted === null)) return undefined;
    const at = mark ?? asOf(mailbox);
    const ref = { accountId, mailboxId: mailbox.id };
    // In this order: what goes in between is then in both, and not in neither.
    const { uids, sizes } = await store.sizes(context, ref);
    const { vanished, exact } = await store.changes(context, ref, at.modSeq);
    if (!exact) return undefined;
    const sizeOf = new Map(vanished.filter(({ uid }) => uid < at.uidNext).map(({ uid }) => [uid, 0]));
    const gone = new Set(sizeOf.keys());
    for (const [index, uid] of uids.entries()) if (uid < at.uidNext) sizeOf.set(uid, sizes[index] ?? 0);
    const all = Uint32Array.from(sizeOf.keys()).sort();
    const maildrop = new Maildrop(
      ref,
      at,
      all,
      all.map((uid) => sizeOf.get(uid) ?? 0),
    );
    for (const [index, uid] of all.entries()) if (gone.has(uid)) maildrop.state[index] = GONE;
    maildrop.mark(mark?.deleted ?? []);
    return maildrop;
  }

  /** Messages that are neither marked deleted nor gone. */
  *messages(): Iterable<MaildropMessage> {
    for (let index = 0; index < this.uids.length; index++) if (this.state[index] === 0) yield this.messageAt(index);
  }

  /** How many of them, and their octets. */
  totals(): { readonly count: number; readonly octets: number } {
    let count = 0;
    let octets = 0;
    for (const { size } of this.messages()) {
      count++;
      octets += size;
    }
    return { count, octets };
  }

  /** One of them. RFC 1939 §5: a message marked deleted can no longer be asked for. */
  message(number: number): MaildropMessage {
    if (number < 1 || number > this.uids.length) throw new Pop3Refusal(null, 'No such message');
    const state = this.state[number - 1] ?? 0;
    if (state & DELETED) throw new Pop3Refusal(null, 'This message is deleted');
    if (state & GONE) throw new Pop3Refusal(null, 'This message is gone');
    return this.messageAt(number - 1);
  }

  /** The same over sessions, nodes and volumes. RFC 1939 §7: 1 to 70 characters of 0x21 to 0x7E. */
  uniqueId({ uid }: MaildropMessage): string {
    return hex(this.at.uidValidity) + hex(uid);
  }

  delete(number: number): void {
    const { number: found } = this.message(number);
    this.state[found - 1] = DELETED;
  }

  /** It was taken away by somebody else. */
  forget(number: number): void {
    this.state[number - 1] = GONE;
  }

  /** Takes all deletion marks back. */
  reset(): void {
    for (const [index, state] of this.state.entries()) this.state[index] = state & ~DELETED;
  }

  /** Uids marked deleted, in ranges of the uids that are here. */
  deleted(): readonly UidRange[] {
    return this.deletedRuns().map(([first, last]) => ({
      first: this.uids[first - 1] ?? 0,
      last: this.uids[last - 1] ?? 0,
    }));
  }

  toMark(): Pop3Mark {
    const { mailboxId } = this.ref;
    const { uidValidity, uidNext, modSeq } = this.at;
    return { mailboxId, uidValidity, uidNext, modSeq, deleted: this.deletedRuns().flat() };
  }

  private messageAt(index: number): MaildropMessage {
    return { number: index + 1, uid: this.uids[index] ?? 0, size: this.sizes[index] ?? 0 };
  }

  private mark(runs: readonly number[]): void {
    for (let i = 0; i + 1 < runs.length; i += 2)
      for (let number = runs[i]!; number <= runs[i + 1]! && number <= this.state.length; number++)
        this.state[number - 1]! |= DELETED;
  }

  /** Numbers marked deleted: first and last of each run. */
  private deletedRuns(): readonly (readonly [first: number, last: number])[] {
    const runs: [number, number][] = [];
    for (const [index, state] of this.state.entries()) {
      if ((state & DELETED) === 0) continue;
      const run = runs.at(-1);
      if (run?.[1] === index) run[1] = index + 1;
      else runs.push([index + 1, index + 1]);
    }
    return runs;
  }
}

const asOf = ({ uidValidity, uidNext, modSeq }: Mailbox): { uidValidity: number; uidNext: Uid; modSeq: ModSeq } => ({
  uidValidity,
  uidNext,
  modSeq,
});

const hex = (number: number): string => number.toString(16).padStart(8, '0');
