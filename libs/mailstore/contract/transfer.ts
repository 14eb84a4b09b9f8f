import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type AccountCursor, type MailStore, START } from '#mailstore/api';
import { type ByteStream, collect, type Random, seededRandom } from '#stdx';
import { SimulatedClock } from '#testing';
import { ALL, Bench, context, flat, type OpenStore, rejects, simple, spec } from './harness.ts';

/** Everything that can be seen of an account. */
async function portrait(store: MailStore, accountId: string): Promise<unknown> {
  const boxes = [];
  for (const mailbox of await store.mailboxes(context, accountId)) {
    const ref = { accountId, mailboxId: mailbox.id };
    const messages = await flat(store.messages(context, ref, ALL, { envelope: true, body: true }));
    const bytes = [];
    for (const { blobId } of messages) bytes.push((await collect(store.read(blobId), 10_000_000)).toString('latin1'));
    boxes.push({ mailbox, messages, bytes, changes: await store.changes(context, ref, 0) });
  }
  const subscriptions = [...(await store.subscriptions(context, accountId))].sort();
  const scripts = [];
  for (const { name } of await store.scripts.list(context, accountId))
    scripts.push(await store.scripts.get(context, accountId, name));
  const changes = await store.scripts.changes(context, accountId, 0);
  const remembered = await store.scripts.remembers(accountId, 'seen');
  const deleted = await store.deleted.listDeleted(context, accountId, { limit: 1_000 });
  const info = await store.account(context, accountId);
  return { info, subscriptions, boxes, scripts, changes, remembered, deleted };
}

async function whole(stream: ByteStream): Promise<Buffer> {
  return collect(stream, 100_000_000);
}

async function* slowly(bytes: Buffer, size: number): ByteStream {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

/** An account that has seen some life. */
async function livedIn(bench: Bench): Promise<void> {
  const { store } = bench;
  const inbox = await bench.account('a', { quotaBytes: 5_000_000 });
  const ref = { accountId: 'a', mailboxId: inbox.id };
  const archive = await store.createMailbox(context, 'a', 'Work/2026', { subscribed: true });
  await store.setSubscribed(context, 'a', 'gone', true);
  await store.setSubscribed(context, 'a', 'Junk', false);
  for (const [i, body] of ['one', 'two', 'three', 'four', 'x'.repeat(1_200_000)].entries())
    await bench.append(inbox, 'a', simple(`subject ${i}`, body, `Message-ID: <${i}@x>\r\n`), i % 2 ? ['$seen'] : []);
  await bench.append(inbox, 'a', simple('Re: subject 1', 'reply', 'In-Reply-To: <1@x>\r\n'), ['$flagged', 'work']);
  await store.copy(context, ref, [{ first: 2, last: 3 }], archive.id);
  await store.move(context, ref, [{ first: 4, last: 4 }], archive.id);
  await store.expunge(context, ref, [{ first: 1, last: 1 }], { any: true });
  await store.claimRecent(context, ref);
  for (const name of ['one', 'two', 'three']) await store.scripts.put(context, 'a', name, Buffer.from(`# ${name}`));
  await store.scripts.activate(context, 'a', 'two');
  await store.scripts.delete(context, 'a', 'three');
  const message = await bench.stage(simple('with a memory'));
  const memories = [{ accountId: 'a', key: 'seen', until: bench.clock.now() + 1_000_000_000 }];
  const targets = [{ account: spec('a', { quotaBytes: 5_000_000 }) }];
  await store.deliver(context, { message, receivedAt: 0, targets, queue: [], memories });
}

export function transferContract(open: OpenStore): void {
  /** A source and a target. */
  const withTwo = async (test: (source: Bench, target: Bench) => Promise<void>): Promise<void> => {
    const clock = new SimulatedClock();
    const opened = [await open({ clock, limits: {} }), await open({ clock, limits: {} })] as const;
    try {
      await test(new Bench(opened[0].store, clock), new Bench(opened[1].store, clock));
    } finally {
      for (const { store, dispose } of opened) {
        await store.close();
        await dispose?.();
      }
    }
  };

  describe('transfer', () => {
    it('an account arrives exactly as it left, unseen until it is admitted', () =>
      withTwo(async (source, target) => {
        await livedIn(source);
        const bytes = await whole(source.store.transfer.exportAccount(context, 'a'));
        const { transfer } = target.store;
        assert.equal(await transfer.arrivingAccount(context, 'a'), undefined);
        assert.equal(await transfer.accountStanding(context, 'a'), undefined);
        const cursor = await transfer.importAccount(context, slowly(bytes, 1_000));
        assert.deepEqual(await transfer.arrivingAccount(context, 'a'), cursor);
        assert.equal(await transfer.accountStanding(context, 'a'), 'arriving');
        await rejects(target.store.account(context, 'a'), 'accountNotFound');
        await rejects(target.store.mailboxes(context, 'a'), 'accountNotFound');
        await rejects(target.store.ensureAccount(context, spec('a')), 'stale');
        const message = await target.stage(simple('x'));
        const delivery = { message, receivedAt: 0, targets: [{ account: spec('a') }], queue: [] };
        await rejects(target.store.deliver(context, delivery), 'stale');
        assert.deepEqual(await flat(target.store.accounts(context)), []);
        assert.deepEqual(await target.store.usageBytes(), []);
        const info = await transfer.admitAccount(context, 'a');
        assert.equal(await transfer.accountStanding(context, 'a'), 'open');
        assert.deepEqual(info, await source.store.account(context, 'a'));
        assert.deepEqual(await portrait(target.store, 'a'), await portrait(source.store, 'a'));
        await rejects(transfer.admitAccount(context, 'a'), 'accountNotFound');
      }));

    it('an account that arrived goes on where it was', () =>
      withTwo(async (source, target) => {
        await livedIn(source);
        await target.store.transfer.importAccount(context, source.store.transfer.exportAccount(context, 'a'));
        await target.store.transfer.admitAccount(context, 'a');
        const after: unknown[] = [];
        for (const bench of [source, target]) {
          const inbox = await bench.mailbox('a', 'INBOX');
          const uid = await bench.append(inbox, 'a', simple('Re: again', 'b', 'In-Reply-To: <1@x>\r\n'));
          const made = await bench.store.createMailbox(context, 'a', 'new');
          after.push([uid, made, await portrait(bench.store, 'a')]);
        }
        assert.deepEqual(after[1], after[0]);
      }));

    for (const seed of [1, 2, 3, 4, 5, 6]) {
      it(`catches up with an account that changes while it is copied, seed ${seed}`, () =>
        withTwo(async (source, target) => {
          const random = seededRandom(seed);
          await livedIn(source);
          const life = new Life(source, random);
          let since: AccountCursor = START;
          for (let pass = 0; pass < 5; pass++) {
            const stream = life.during(source.store.transfer.exportAccount(context, 'a', since));
            since = await target.store.transfer.importAccount(context, stream);
          }
          await source.store.transfer.holdAccount(context, 'a');
          await target.store.transfer.importAccount(context, source.store.transfer.exportAccount(context, 'a', since));
          await target.store.transfer.admitAccount(context, 'a');
          assert.deepEqual(await portrait(target.store, 'a'), await portrait(source.store, 'a'));
        }));
    }

    it('a stream that broke off may be given again', () =>
      withTwo(async (source, target) => {
        await livedIn(source);
        const bytes = await whole(source.store.transfer.exportAccount(context, 'a'));
        const { transfer } = target.store;
        for (const share of [0, 0.0001, 0.3, 0.999])
          await rejects(
            transfer.importAccount(context, slowly(bytes.subarray(0, Math.floor(bytes.length * share)), 5_000)),
            'corrupt',
          );
        await transfer.importAccount(context, slowly(bytes, 70_000));
        await transfer.admitAccount(context, 'a');
        assert.deepEqual(await portrait(target.store, 'a'), await portrait(source.store, 'a'));
      }));

    it('refuses a stream that does not begin where the copy ends, and an account that is here', () =>
      withTwo(async (source, target) => {
        await livedIn(source);
        const { transfer } = source.store;
        await rejects(
          target.store.transfer.importAccount(context, transfer.exportAccount(context, 'a', { ...START, modSeq: 3 })),
          'modified',
        );
        await rejects(transfer.importAccount(context, transfer.exportAccount(context, 'a')), 'modified');
        const other = { ...context, partnerId: 'partner-2' };
        await rejects(whole(transfer.exportAccount(other, 'a')), 'accountNotFound');
        await rejects(
          target.store.transfer.importAccount(other, transfer.exportAccount(context, 'a')),
          'accountNotFound',
        );
      }));

    it('a copy may take another id, address and quota, beside the account itself', () =>
      withTwo(async (source) => {
        await livedIn(source);
        const { transfer } = source.store;
        const as = { accountId: 'b', email: 'b@example.com', quotaBytes: 0 };
        await transfer.importAccount(context, transfer.exportAccount(context, 'a'), as);
        const info = await transfer.admitAccount(context, 'b');
        assert.deepEqual(info, { ...(await source.store.account(context, 'a')), ...as });
        await source.store.removeAccount(context, 'a');
        const inbox = await source.mailbox('b', 'INBOX');
        for (const { blobId } of await source.messages('b', inbox.id)) await source.text(blobId);
      }));

    it('a held account is read and not changed, until it is released or removed', () =>
      withTwo(async (source) => {
        await livedIn(source);
        const { store } = source;
        const before = await portrait(store, 'a');
        await store.transfer.holdAccount(context, 'a');
        const inbox = await source.mailbox('a', 'INBOX');
        const ref = { accountId: 'a', mailboxId: inbox.id };
        await rejects(source.append(inbox, 'a', simple('x')), 'stale');
        await rejects(store.expunge(context, ref, ALL, { any: true }), 'stale');
        await rejects(store.createMailbox(context, 'a', 'new'), 'stale');
        await rejects(store.ensureAccount(context, spec('a')), 'stale');
        assert.deepEqual(await portrait(store, 'a'), before);
        await store.transfer.releaseAccount(context, 'a');
        await source.append(inbox, 'a', simple('x'));
        await store.transfer.holdAccount(context, 'a');
        await store.removeAccount(context, 'a');
        await rejects(store.account(context, 'a'), 'accountNotFound');
      }));

    it('an abandoned copy leaves nothing, and may begin anew', () =>
      withTwo(async (source, target) => {
        await livedIn(source);
        const { transfer } = target.store;
        await transfer.importAccount(context, source.store.transfer.exportAccount(context, 'a'));
        await transfer.abandonAccount(context, 'a');
        await transfer.abandonAccount(context, 'a');
        assert.equal(await transfer.arrivingAccount(context, 'a'), undefined);
        await transfer.importAccount(context, source.store.transfer.exportAccount(context, 'a'));
        await transfer.admitAccount(context, 'a');
        assert.deepEqual(await portrait(target.store, 'a'), await portrait(source.store, 'a'));
      }));
  });
}

/** Random work on account `a`. */
class Life {
  private serial = 0;

  constructor(
    private readonly bench: Bench,
    private readonly random: Random,
  ) {}

  /** Does something now and then while the stream is read. */
  async *during(stream: ByteStream): ByteStream {
    for await (const chunk of stream) {
      yield chunk;
      if (this.random.fraction() < 0.15) await this.act();
    }
    for (let i = 0; i < 4; i++) await this.act();
  }

  private async changeScript(pick: <T>(items: readonly T[]) => T): Promise<void> {
    const { scripts } = this.bench.store;
    const known = await scripts.list(context, 'a');
    const name = known.length > 0 ? pick(known).name : 'new';
    const isActive = known.some((script) => script.name === name && script.isActive);
    const acts = [
      () => scripts.put(context, 'a', pick([name, `s${this.serial}`]), Buffer.from(`# ${this.serial}`)),
      ...(known.length > 0 ? [() => scripts.activate(context, 'a', pick([name, null]))] : []),
      ...(known.length > 0 ? [() => scripts.rename(context, 'a', name, `r${this.serial}`)] : []),
      ...(known.length > 0 && !isActive ? [() => scripts.delete(context, 'a', name)] : []),
    ];
    await pick(acts)();
  }

  private async act(): Promise<void> {
    const { bench, random } = this;
    const { store } = bench;
    const mailboxes = await store.mailboxes(context, 'a');
    const pick = <T>(items: readonly T[]): T => items[Math.floor(random.fraction() * items.length)]!;
    const box = pick(mailboxes);
    const ref = { accountId: 'a', mailboxId: box.id };
    const first = 1 + Math.floor(random.fraction() * box.uidNext);
    const some = [{ first, last: first + 1 }];
    const name = `box${this.serial++}`;
    const deletable = mailboxes.filter(({ role }) => role === null);
    switch (Math.floor(random.fraction() * 10)) {
      case 9:
        await store.deleted.restoreDeleted(context, 'a', { since: random.fraction() < 0.3 ? 0 : bench.clock.now() });
        return;
      case 0:
      case 1:
        await bench.append(box, 'a', simple(`life ${this.serial}`, `<${this.serial}>`));
        return;
      case 2:
        await store.move(context, ref, some, pick(mailboxes).id);
        return;
      case 3:
        await store.copy(context, ref, some, pick(mailboxes).id);
        return;
      case 4:
        await store.expunge(context, ref, some, { any: true });
        return;
      case 5:
        await store.setKeywords(context, ref, some, { mode: 'add', keywords: [`k${this.serial % 3}`] });
        return;
      case 6:
        await store.createMailbox(context, 'a', name, { subscribed: true });
        return;
      case 7:
        await this.changeScript(pick);
        return;
      default:
        if (deletable.length === 0) return;
        if (random.fraction() < 0.5) await store.deleteMailbox(context, 'a', pick(deletable).name);
        else await store.renameMailbox(context, 'a', pick(deletable).name, name);
    }
  }
}
