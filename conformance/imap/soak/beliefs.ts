import assert from 'node:assert/strict';
import { expandSequenceSet } from '#protocol/imap';
import type { ImapAnswer } from '#testing';

/** How a client is told of messages and of their end. */
export interface Style {
  readonly name: string;
  readonly enable: string | null;
  /** Told of changes while no command is at work: RFC 5465 §6.1. */
  readonly notify?: 'selected' | 'selected-delayed';
  /** VANISHED in place of EXPUNGE. RFC 7162 §3.2.10. */
  readonly vanished: boolean;
  /** No message numbers. RFC 9586. */
  readonly uidOnly: boolean;
}

/** What a client believes of its mailbox, made of nothing but what it was told; every response is checked whether it can be true. */
export class Beliefs {
  /** In the order of their numbers; `undefined`: not told yet. Without numbers, those told of, ascending. */
  uids: (number | undefined)[] = [];
  readonly flags = new Map<number, string>();
  /** Without numbers: how many have not been told of. */
  private untold = 0;

  constructor(private readonly style: Style) {}

  forget(): void {
    this.uids = [];
    this.untold = 0;
    this.flags.clear();
  }

  get exists(): number {
    return this.uids.length + this.untold;
  }

  /** Numbers, from 1, of messages whose flags it has not been told. */
  get unread(): number[] {
    return this.uids.flatMap((uid, i) => (uid === undefined || !this.flags.has(uid) ? [i + 1] : []));
  }

  get isComplete(): boolean {
    return this.untold === 0 && this.unread.length === 0;
  }

  /** `7: \Seen`, in order. */
  toLines(): string[] {
    return this.uids.map((uid) => `${uid}: ${this.flags.get(uid ?? 0)}`);
  }

  take(answer: ImapAnswer, expungesAllowed: boolean): void {
    for (const response of answer.untagged) {
      const told = /^(\d+) (EXISTS|EXPUNGE|FETCH|UIDFETCH)(?: \((.*)\))?$/s.exec(response);
      const vanished = /^VANISHED ([\d:,]+)$/.exec(response);
      if (vanished) this.takeVanished(expandSequenceSet(vanished[1]!), expungesAllowed);
      else if (told?.[2] === 'EXISTS') this.takeExists(Number(told[1]));
      else if (told?.[2] === 'EXPUNGE') this.takeExpunge(Number(told[1]), expungesAllowed);
      else if (told?.[2] === 'FETCH') this.takeFetch(Number(told[1]), told[3] ?? '');
      else if (told?.[2] === 'UIDFETCH') this.takeUidFetch(Number(told[1]), told[3] ?? '');
    }
  }

  private takeExists(count: number): void {
    assert.ok(count >= this.exists, `EXISTS ${count} takes away messages`);
    if (this.style.uidOnly) this.untold = count - this.uids.length;
    else while (this.uids.length < count) this.uids.push(undefined);
  }

  private takeExpunge(number: number, allowed: boolean): void {
    assert.ok(allowed && !this.style.vanished, 'EXPUNGE where it may not be');
    assert.ok(number >= 1 && number <= this.uids.length, `EXPUNGE ${number} of ${this.uids.length}`);
    const [uid] = this.uids.splice(number - 1, 1);
    if (uid !== undefined) this.flags.delete(uid);
  }

  private takeVanished(uids: readonly number[], allowed: boolean): void {
    assert.ok(allowed && this.style.vanished, 'VANISHED where it may not be');
    for (const uid of uids) {
      this.flags.delete(uid);
      let index = this.uids.indexOf(uid);
      if (index < 0 && this.style.uidOnly) {
        assert.ok(this.untold-- > 0, `VANISHED ${uid}, which was never there`);
        continue;
      }
      // One it has not been told the uid of stands before the first higher one.
      if (index < 0) index = this.uids.findLastIndex((known) => known !== undefined && known < uid) + 1;
      assert.ok(index < this.uids.length, `VANISHED ${uid}, which was never there`);
      const [gone] = this.uids.splice(index, 1);
      assert.ok(gone === uid || gone === undefined, `VANISHED ${uid}, where ${gone} was`);
    }
  }

  private takeFetch(number: number, items: string): void {
    assert.ok(!this.style.uidOnly, 'FETCH with a number');
    assert.ok(number >= 1 && number <= this.uids.length, `FETCH ${number} of ${this.uids.length}`);
    const known = this.uids[number - 1];
    const uid = Number(/UID (\d+)/.exec(items)?.[1] ?? known);
    assert.ok(known === undefined || known === uid, `message ${number} was ${known} and is now ${uid}`);
    this.uids[number - 1] = uid;
    this.takeFlags(uid, items);
  }

  private takeUidFetch(uid: number, items: string): void {
    assert.ok(this.style.uidOnly, 'UIDFETCH unasked for');
    if (!this.uids.includes(uid)) {
      assert.ok(this.untold-- > 0, `UIDFETCH ${uid} of a message too many`);
      this.uids.push(uid);
      this.uids.sort((a, b) => (a ?? 0) - (b ?? 0));
    }
    this.takeFlags(uid, items);
  }

  private takeFlags(uid: number, items: string): void {
    const flags = /FLAGS \(([^)]*)\)/.exec(items)?.[1];
    if (flags !== undefined) this.flags.set(uid, plainFlags(flags));
  }
}

/** Flags in one order, without \Recent. */
export const plainFlags = (flags: string): string =>
  flags
    .split(' ')
    .filter((flag) => flag !== '' && flag !== '\\Recent')
    .sort()
    .join(' ');

/** The same after a STORE. */
export function changedFlags(before: string, mode: '+' | '-' | '', flag: string): string {
  const flags = new Set(before.split(' ').filter((each) => each !== ''));
  if (mode === '') flags.clear();
  if (mode === '-') flags.delete(flag);
  else flags.add(flag);
  return [...flags].sort().join(' ');
}
