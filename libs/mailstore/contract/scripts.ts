import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Delivery, Memory } from '#mailstore/api';
import { type Bench, context, type OpenStore, rejects, simple, spec, withStore } from './harness.ts';

const KEEP = Buffer.from('keep;');
const DISCARD = Buffer.from('discard;');
const names = async ({ store }: Bench): Promise<string[]> =>
  (await store.scripts.list(context, 'a')).map(({ name, isActive }) => (isActive ? `${name}*` : name));

export function scriptsContract(open: OpenStore): void {
  const withAccount = (test: (bench: Bench) => Promise<void>, limits = {}) =>
    withStore(
      open,
      async (bench) => {
        await bench.account('a');
        await test(bench);
      },
      limits,
    );

  describe('scripts', () => {
    it('are put, read, changed, renamed and deleted, each with a modSeq', () =>
      withAccount(async (bench) => {
        const { scripts } = bench.store;
        const before = (await bench.store.account(context, 'a')).modSeq;
        const made = await scripts.put(context, 'a', 'main', KEEP);
        assert.deepEqual(made, {
          ...{ id: before + 1, name: 'main', isActive: false, bytes: 5, createdModSeq: before + 1, modSeq: before + 1 },
          fault: null,
        });
        const changed = await scripts.put(context, 'a', 'main', DISCARD);
        assert.deepEqual(changed, { ...made, bytes: 8, modSeq: before + 2 });
        assert.deepEqual(await scripts.get(context, 'a', 'main'), { ...changed, content: DISCARD });
        const renamed = await scripts.rename(context, 'a', 'main', 'other');
        assert.deepEqual(renamed, { ...changed, name: 'other', modSeq: before + 3 });
        await rejects(scripts.get(context, 'a', 'main'), 'scriptNotFound');
        await scripts.delete(context, 'a', 'other');
        assert.deepEqual(await scripts.list(context, 'a'), []);
        assert.equal((await bench.store.account(context, 'a')).modSeq, before + 4);
        assert.deepEqual(await scripts.changes(context, 'a', before), {
          ...{ modSeq: before + 4, changed: [], gone: [{ id: made.id, modSeq: before + 4 }], exact: true },
        });
      }));

    it('one of them is active', () =>
      withAccount(async (bench) => {
        const { scripts } = bench.store;
        assert.equal(scripts.active('a'), undefined);
        assert.equal(scripts.active('nobody'), undefined);
        for (const name of ['b', 'a']) await scripts.put(context, 'a', name, KEEP);
        await scripts.activate(context, 'a', 'a');
        assert.deepEqual(await names(bench), ['a*', 'b']);
        await scripts.activate(context, 'a', 'b');
        assert.deepEqual(await names(bench), ['a', 'b*']);
        assert.deepEqual(scripts.active('a')?.content, KEEP);
        await scripts.put(context, 'a', 'b', DISCARD);
        await scripts.rename(context, 'a', 'b', 'c');
        assert.deepEqual([scripts.active('a')?.name, scripts.active('a')?.content], ['c', DISCARD]);
        await rejects(scripts.delete(context, 'a', 'c'), 'scriptActive');
        const { modSeq } = await bench.store.account(context, 'a');
        await scripts.activate(context, 'a', 'c');
        assert.equal((await bench.store.account(context, 'a')).modSeq, modSeq, 'nothing changed');
        await scripts.activate(context, 'a', null);
        assert.deepEqual(await names(bench), ['a', 'c']);
        assert.equal(scripts.active('a'), undefined);
        await scripts.delete(context, 'a', 'c');
      }));

    it('tell their owner of a run that failed, until they are changed', () =>
      withAccount(async (bench) => {
        const { scripts } = bench.store;
        await scripts.put(context, 'a', 'x', KEEP);
        await scripts.activate(context, 'a', 'x');
        const message = await bench.stage(simple('x'));
        const failedRuns = [{ accountId: 'a', at: 7, message: 'line 1' }];
        await bench.store.deliver(context, {
          ...{ message, receivedAt: 0, targets: [{ account: spec('a') }], queue: [], failedRuns },
        });
        assert.deepEqual((await scripts.get(context, 'a', 'x')).fault, { at: 7, message: 'line 1' });
        await scripts.rename(context, 'a', 'x', 'y');
        assert.deepEqual(scripts.active('a')?.fault, { at: 7, message: 'line 1' });
        assert.equal((await scripts.put(context, 'a', 'y', KEEP)).fault, null);
        assert.equal(scripts.active('a')?.fault, null);
      }));

    it('refuse what cannot be', () =>
      withAccount(async ({ store: { scripts } }) => {
        for (const name of ['', 'a\nb', 'x\u2028', '\ud800', 'n'.repeat(513)])
          await rejects(scripts.put(context, 'a', name, KEEP), 'scriptNameInvalid');
        await rejects(scripts.put(context, 'nobody', 'x', KEEP), 'accountNotFound');
        await rejects(scripts.list({ ...context, partnerId: 'partner-2' }, 'a'), 'accountNotFound');
        await rejects(scripts.rename(context, 'a', 'none', 'x'), 'scriptNotFound');
        await rejects(scripts.activate(context, 'a', 'none'), 'scriptNotFound');
        await rejects(scripts.delete(context, 'a', 'none'), 'scriptNotFound');
        await scripts.put(context, 'a', 'one', KEEP);
        await scripts.put(context, 'a', 'two', KEEP);
        await rejects(scripts.rename(context, 'a', 'one', 'two'), 'scriptExists');
        await scripts.rename(context, 'a', 'one', 'one');
        // NFC: one name, however it is typed.
        await scripts.put(context, 'a', 'Gru\u0308n', KEEP);
        assert.equal((await scripts.get(context, 'a', 'Gr\u00fcn')).name, 'Gr\u00fcn');
      }));

    it('have limits of number and size', () =>
      withAccount(
        async ({ store: { scripts } }) => {
          await scripts.put(context, 'a', '1', KEEP);
          await scripts.put(context, 'a', '2', KEEP);
          await rejects(scripts.put(context, 'a', '3', KEEP), 'limitExceeded');
          await rejects(scripts.put(context, 'a', '1', DISCARD), 'limitExceeded');
          await rejects(scripts.assertRoom(context, 'a', '3', 1), 'limitExceeded');
          await rejects(scripts.assertRoom(context, 'a', '2', 6), 'limitExceeded');
          await scripts.assertRoom(context, 'a', '2', 5);
          await scripts.put(context, 'a', '2', KEEP);
        },
        { scriptsMax: 2, scriptBytesMax: 5 },
      ));

    it('are nobody’s once the store is closed', () =>
      withAccount(async ({ store }) => {
        await store.close();
        assert.throws(() => store.scripts.active('a'), { code: 'unavailable' });
        await rejects(store.scripts.list(context, 'a'), 'unavailable');
      }));

    it('go with their account', () =>
      withAccount(async (bench) => {
        const { scripts } = bench.store;
        await scripts.put(context, 'a', 'x', KEEP);
        await scripts.activate(context, 'a', 'x');
        await bench.store.removeAccount(context, 'a');
        assert.equal(scripts.active('a'), undefined);
        await bench.account('a');
        assert.deepEqual(await scripts.list(context, 'a'), []);
      }));
  });

  const memory = (key: string, until: number): Memory => ({ accountId: 'a', key, until });
  const deliver = async (bench: Bench, more: Partial<Delivery>) => {
    const message = await bench.stage(simple('x'));
    return bench.store.deliver(context, {
      message,
      receivedAt: 0,
      targets: [{ account: spec('a') }],
      queue: [],
      ...more,
    });
  };

  describe('memories', () => {
    it('last until their time', () =>
      withAccount(async (bench) => {
        const { scripts } = bench.store;
        const now = bench.clock.now();
        await deliver(bench, { memories: [memory('k', now + 1_000)] });
        assert.equal(await scripts.remembers('a', 'k'), true);
        assert.equal(await scripts.remembers('a', 'other'), false);
        assert.equal(await scripts.remembers('nobody', 'k'), false);
        await deliver(bench, { memories: [memory('k', now + 500)] });
        await bench.clock.advance(999);
        assert.equal(await scripts.remembers('a', 'k'), true);
        await bench.clock.advance(1);
        assert.equal(await scripts.remembers('a', 'k'), false);
      }));

    it('make an entry go once', () =>
      withAccount(async (bench) => {
        const now = bench.clock.now();
        const entry = { reversePath: '', forwardPath: 's@x', partnerId: 'p', onBehalfOf: 'a' };
        const reply = { queue: [{ ...entry, once: memory('s@x', now + 1_000) }] };
        await Promise.all([deliver(bench, reply), deliver(bench, reply), deliver(bench, reply)]);
        assert.equal((await bench.store.queueEntries({ limit: 9 })).length, 1);
        await bench.clock.advance(1_000);
        await deliver(bench, { queue: [{ ...entry, once: memory('s@x', now + 2_000) }] });
        assert.equal((await bench.store.queueEntries({ limit: 9 })).length, 2);
      }));

    it('are not endless: who would be forgotten first goes early', () =>
      withAccount(
        async (bench) => {
          const now = bench.clock.now();
          for (const [index, key] of ['p', 'q', 'r'].entries())
            await deliver(bench, { memories: [memory(key, now + 1_000 - index)] });
          const kept = await Promise.all(['p', 'q', 'r'].map((key) => bench.store.scripts.remembers('a', key)));
          assert.deepEqual(kept, [true, false, true]);
        },
        { memoriesMax: 2 },
      ));
  });

  describe('deliveries together', () => {
    it('an account’s targets, entries and memories stand or fall together, over all of them', () =>
      withStore(open, async (bench) => {
        const size = simple('x').length;
        const [one, two] = [await bench.stage(simple('x')), await bench.stage(simple('y'))];
        const tight = spec('a', { quotaBytes: 2 * size - 1 });
        const entry = { reversePath: '', partnerId: 'p' };
        const deliveries: Delivery[] = [
          { message: one, receivedAt: 0, targets: [{ account: tight }, { account: spec('b') }], queue: [] },
          {
            ...{ message: two, receivedAt: 0, targets: [{ account: tight, mailbox: 'Copy' }] },
            queue: [
              { ...entry, forwardPath: 'for-a@x', onBehalfOf: 'a' },
              { ...entry, forwardPath: 'for-b@x', onBehalfOf: 'b' },
            ],
            memories: [memory('k', bench.clock.now() + 1_000)],
          },
        ];
        const outcomes = await bench.store.deliverAll(context, deliveries);
        const refused = { ok: false, error: 'overQuota' };
        assert.deepEqual([outcomes[0]![0], outcomes[1]![0], outcomes[0]![1]?.ok], [refused, refused, true]);
        assert.equal((await bench.store.account(context, 'a')).messages, 0);
        assert.equal(await bench.store.scripts.remembers('a', 'k'), false);
        const queued = await bench.store.queueEntries({ limit: 9 });
        assert.deepEqual(
          queued.map(({ forwardPath }) => forwardPath),
          ['for-b@x'],
        );
      }));

    it('take one modSeq an account', () =>
      withStore(open, async (bench) => {
        const deliveries = [];
        for (const text of ['x', 'y']) {
          const message = await bench.stage(simple(text));
          deliveries.push({ message, receivedAt: 0, targets: [{ account: spec('a') }], queue: [] });
        }
        const [first, second] = (await bench.store.deliverAll(context, deliveries)).flat();
        assert(first?.ok && second?.ok);
        assert.equal(first.modSeq, second.modSeq);
        assert.deepEqual([first.uid, second.uid], [1, 2]);
      }));
  });
}
