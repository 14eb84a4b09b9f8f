import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { AccountChange, MailboxRef, UidRange } from '#mailstore/api';
import { type Random, seededRandom } from '#stdx';
import { ALL, type Bench, context, flat, type OpenStore, simple, withStore } from './harness.ts';

interface ModelMessage {
  readonly text: string;
  readonly keywords: readonly string[];
}

/** What an account should hold: mailbox → uid → message. */
type Model = Map<number, Map<number, ModelMessage>>;

/** One client with an account of its own, doing what the seed says and keeping the model beside it. */
class Client {
  readonly model: Model = new Map();
  private readonly next = new Map<number, number>();
  private modSeq = 0;
  private sent = 0;

  constructor(
    private readonly bench: Bench,
    private readonly accountId: string,
    private readonly random: Random,
  ) {}

  async begin(): Promise<void> {
    await this.bench.account(this.accountId);
    for (const { id } of await this.bench.store.mailboxes(context, this.accountId)) {
      this.model.set(id, new Map());
      this.next.set(id, 1);
    }
  }

  async step(): Promise<void> {
    const from = this.pick([...this.model.keys()]);
    const to = this.pick([...this.model.keys()]);
    const ranges = this.ranges();
    const move = this.pick(['append', 'append', 'append', 'keywords', 'copy', 'move', 'expunge'] as const);
    if (move === 'append') await this.append(from);
    else if (move === 'keywords') await this.keywords(from, ranges);
    else if (move === 'expunge') await this.expunge(from, ranges);
    else await this.transfer(move, from, to, ranges);
    const { modSeq } = await this.bench.store.account(context, this.accountId);
    assert(modSeq >= this.modSeq, 'modSeq went back');
    this.modSeq = modSeq;
  }

  async check(): Promise<void> {
    for (const [mailboxId, expected] of this.model) {
      const found = await this.bench.messages(this.accountId, mailboxId);
      const texts = await Promise.all(found.map(({ blobId }) => this.bench.text(blobId)));
      const actual = found.map(({ uid, keywords }, i) => [uid, { text: texts[i], keywords }]);
      assert.deepEqual(actual, [...expected]);
      const box = await this.bench.mailbox(this.accountId, mailboxId);
      const all = [...expected.values()];
      assert.deepEqual(
        [box.messages, box.unseen, box.deleted, box.sizeBytes, box.uidNext],
        [
          all.length,
          all.filter(({ keywords }) => !keywords.includes('$seen')).length,
          all.filter(({ keywords }) => keywords.includes('$deleted')).length,
          all.reduce((sum, { text }) => sum + text.length, 0),
          this.next.get(mailboxId),
        ],
      );
    }
  }

  private async append(mailboxId: number): Promise<void> {
    const text = simple(`${this.accountId} ${this.sent++}`);
    const keywords = this.pick([[], ['$seen'], ['$deleted', '$seen']]);
    const message = await this.bench.stage(text);
    const item = { message, keywords, internalDate: 0 };
    const [added] = await this.bench.store.append(context, this.ref(mailboxId), [item]);
    this.enter(mailboxId, added!.uid, { text, keywords });
  }

  private async keywords(mailboxId: number, ranges: readonly UidRange[]): Promise<void> {
    const keywords = [this.pick(['$seen', '$deleted', 'x'])];
    const mode = this.pick(['add', 'remove'] as const);
    const { changed } = await this.bench.store.setKeywords(context, this.ref(mailboxId), ranges, { mode, keywords });
    const box = this.model.get(mailboxId)!;
    for (const [uid, message] of this.named(mailboxId, ranges)) {
      const rest = message.keywords.filter((keyword) => !keywords.includes(keyword));
      box.set(uid, { ...message, keywords: mode === 'add' ? [...rest, ...keywords].sort() : rest });
    }
    const expected = this.named(mailboxId, ranges).map(([uid, message]) => [uid, message.keywords]);
    assert.deepEqual(
      changed.map((summary) => [summary.uid, summary.keywords]),
      expected,
    );
  }

  private async transfer(how: 'copy' | 'move', from: number, to: number, ranges: readonly UidRange[]): Promise<void> {
    const expected = this.named(from, ranges);
    const { source, target } = await this.bench.store[how](context, this.ref(from), ranges, to);
    assert.deepEqual(
      source,
      expected.map(([uid]) => uid),
    );
    if (how === 'move') for (const uid of source) this.model.get(from)!.delete(uid);
    for (const [i, [, message]] of expected.entries()) this.enter(to, target[i]!, message);
  }

  private async expunge(mailboxId: number, ranges: readonly UidRange[]): Promise<void> {
    const any = this.random.fraction() < 0.3;
    const expected = this.named(mailboxId, ranges).filter(([, { keywords }]) => any || keywords.includes('$deleted'));
    const { uids } = await this.bench.store.expunge(context, this.ref(mailboxId), ranges, { any });
    assert.deepEqual(
      uids,
      expected.map(([uid]) => uid),
    );
    for (const uid of uids) this.model.get(mailboxId)!.delete(uid);
  }

  private enter(mailboxId: number, uid: number, message: ModelMessage): void {
    assert.equal(uid, this.next.get(mailboxId), 'uids are given out one after the other');
    this.next.set(mailboxId, uid + 1);
    this.model.get(mailboxId)!.set(uid, message);
  }

  private named(mailboxId: number, ranges: readonly UidRange[]): [number, ModelMessage][] {
    const inside = (uid: number): boolean => ranges.some(({ first, last }) => uid >= first && uid <= last);
    return [...this.model.get(mailboxId)!].filter(([uid]) => inside(uid));
  }

  private ranges(): readonly UidRange[] {
    const first = 1 + Math.floor(this.random.fraction() * 12);
    return this.pick([[{ first, last: first }], [{ first, last: first + 3 }], [{ first: first + 6, last: Infinity }]]);
  }

  private ref(mailboxId: number): MailboxRef {
    return { accountId: this.accountId, mailboxId };
  }

  private pick<T>(choices: readonly T[]): T {
    return choices[Math.floor(this.random.fraction() * choices.length)]!;
  }
}

/** Keeps a copy of an account by nothing but what it is told: watch, then `changes` since what it knows. */
class Mirror {
  readonly mailboxes = new Map<number, Map<number, string>>();
  private readonly known = new Map<number, number>();
  private work: Promise<void> = Promise.resolve();

  constructor(
    private readonly bench: Bench,
    private readonly accountId: string,
  ) {
    bench.store.watch(accountId, (change) => {
      this.work = this.work.then(() => this.follow(change));
    });
  }

  settled(): Promise<void> {
    return this.work;
  }

  private async follow({ mailboxes, modSeq }: AccountChange): Promise<void> {
    for (const mailboxId of mailboxes) {
      const since = this.known.get(mailboxId) ?? 0;
      const changes = await this.bench.store.changes(context, { accountId: this.accountId, mailboxId }, since);
      assert(changes.modSeq >= Math.min(modSeq, changes.modSeq) && changes.modSeq >= since);
      const mirror = this.mailboxes.get(mailboxId) ?? new Map<number, string>();
      this.mailboxes.set(mailboxId, mirror);
      for (const { uid } of changes.vanished) mirror.delete(uid);
      for (const { uid, keywords, created } of changes.changed) {
        assert(created || mirror.has(uid), 'changed, but never created');
        mirror.set(uid, keywords.join(' '));
      }
      this.known.set(mailboxId, changes.modSeq);
    }
  }
}

export function concurrencyContract(open: OpenStore): void {
  describe('concurrency', () => {
    for (const seed of [1, 2, 3, 4]) {
      it(`clients at once each see their own account as the model says (seed ${seed})`, () =>
        withStore(open, async (bench) => {
          const accounts = ['a', 'b', 'c', 'd'];
          const mirrors = accounts.map((account) => new Mirror(bench, account));
          const clients = accounts.map((account, i) => new Client(bench, account, seededRandom(seed * 100 + i)));
          await Promise.all(
            clients.map(async (client) => {
              await client.begin();
              for (let i = 0; i < 60; i++) await client.step();
            }),
          );
          for (const client of clients) await client.check();
          await new Promise((resolve) => setImmediate(resolve));
          for (const [i, mirror] of mirrors.entries()) {
            await mirror.settled();
            for (const [mailboxId, expected] of clients[i]!.model) {
              const flags = [...expected].map(([uid, { keywords }]) => [uid, keywords.join(' ')]);
              const mirrored = [...(mirror.mailboxes.get(mailboxId) ?? [])].sort(([x], [y]) => x - y);
              assert.deepEqual(mirrored, flags);
            }
          }
        }));
    }

    it('many at once on one mailbox: uids are unique, nothing is lost', () =>
      withStore(open, async (bench) => {
        const inbox = await bench.account('a');
        const ref = { accountId: 'a', mailboxId: inbox.id };
        const texts = Array.from({ length: 200 }, (_, i) => simple(`m${i}`));
        const uids = await Promise.all(texts.map((text) => bench.append(inbox, 'a', text)));
        assert.deepEqual(
          [...uids].sort((x, y) => x - y),
          texts.map((_, i) => i + 1),
        );
        const found = await bench.messages('a', inbox.id);
        const subjects = new Map(found.map(({ uid, envelope }) => [uid, envelope?.subject]));
        for (const [i, uid] of uids.entries()) assert.equal(subjects.get(uid), `m${i}`);
        const halves = await Promise.all([
          bench.store.expunge(context, ref, ALL, { any: true }),
          bench.store.expunge(context, ref, ALL, { any: true }),
        ]);
        assert.equal(
          halves.reduce((sum, half) => sum + half.uids.length, 0),
          200,
          'each message is expunged once',
        );
        assert.deepEqual(await flat(bench.store.flags(context, ref, ALL)), []);
      }));
  });
}
