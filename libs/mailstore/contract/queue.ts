import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Delivery, NewQueueEntry } from '#mailstore/api';
import { gone } from './accounts.ts';
import { type Bench, context, type OpenStore, rejects, simple, spec, withStore } from './harness.ts';

const entry = (forwardPath: string, more: Partial<NewQueueEntry> = {}): NewQueueEntry => ({
  ...{ reversePath: 'ann@example.com', forwardPath, partnerId: 'partner-1' },
  ...more,
});

async function enqueue(bench: Bench, queue: readonly NewQueueEntry[], text = simple('out')): Promise<string> {
  const message = await bench.stage(text);
  await bench.store.deliver(context, { message, receivedAt: 7, targets: [], queue });
  return message.blobId;
}

export function queueContract(open: OpenStore): void {
  describe('queue', () => {
    it('keeps what is to go out, with its bytes, in the commit of the local copies', () =>
      withStore(open, async (bench) => {
        const { store } = bench;
        const due: number[] = [];
        store.watchQueue((at) => due.push(at));
        const message = await bench.stage(simple('both'));
        const notBefore = bench.clock.now() + 60_000;
        const delivery: Delivery = {
          ...{ message, receivedAt: 7, targets: [{ account: spec('a'), mailbox: 'Sent', keywords: ['$seen'] }] },
          queue: [entry('x@remote', { notBefore }), entry('y@remote', { parameters: { RET: 'HDRS', ENVID: 'e' } })],
        };
        await store.deliver(context, delivery);
        await new Promise((resolve) => setImmediate(resolve));
        assert.deepEqual(due, [bench.clock.now()]);
        const entries = await store.queueEntries({ limit: 10 });
        const shared = {
          ...{ blobId: message.blobId, size: message.size, reversePath: 'ann@example.com', partnerId: 'partner-1' },
          ...{ createdAt: bench.clock.now(), attempts: 0, lastError: null, status: 'queued' },
        };
        const [first, second] = entries;
        assert.deepEqual(entries, [
          { ...shared, id: first?.id, forwardPath: 'x@remote', parameters: {}, nextAttemptAt: notBefore },
          {
            ...shared,
            id: second?.id,
            forwardPath: 'y@remote',
            parameters: { RET: 'HDRS', ENVID: 'e' },
            nextAttemptAt: bench.clock.now(),
          },
        ]);
        assert(first!.id > 0 && second!.id > first!.id);
        assert.deepEqual(
          (await store.queueDue(bench.clock.now(), 10)).map(({ id }) => id),
          [second?.id],
        );
        assert.deepEqual(
          (await store.queueDue(notBefore, 10)).map(({ id }) => id),
          [second?.id, first?.id],
        );
        assert.deepEqual(
          (await store.queueDue(notBefore, 1)).map(({ id }) => id),
          [second?.id],
        );
        assert.equal((await bench.mailbox('a', 'Sent')).messages, 1);
      }));

    it('lists by partner and page by page', () =>
      withStore(open, async (bench) => {
        await enqueue(bench, [entry('1@x'), entry('2@x', { partnerId: 'p2' }), entry('3@x'), entry('4@x')]);
        const paths = async (filter: Parameters<typeof bench.store.queueEntries>[0]): Promise<string[]> =>
          (await bench.store.queueEntries(filter)).map(({ forwardPath }) => forwardPath);
        assert.deepEqual(await paths({ limit: 2 }), ['1@x', '2@x']);
        const [, second] = await bench.store.queueEntries({ limit: 2 });
        assert.deepEqual(await paths({ after: second!.id, limit: 9 }), ['3@x', '4@x']);
        assert.deepEqual(await paths({ partnerId: 'p2', limit: 9 }), ['2@x']);
        assert.deepEqual(await paths({ partnerId: 'partner-1', after: second!.id, limit: 1 }), ['3@x']);
      }));

    it('outcomes: again later, held, gone', () =>
      withStore(open, async (bench) => {
        const { store } = bench;
        const blobId = await enqueue(bench, [entry('1@x'), entry('2@x'), entry('3@x')]);
        const [one, two, three] = await store.queueEntries({ limit: 9 });
        assert(one && two && three);
        const now = bench.clock.now();
        await store.queueUpdate(context, [
          { id: one.id, done: false, nextAttemptAt: now + 900, lastError: '451 later' },
          { id: two.id, done: false, nextAttemptAt: now, lastError: 'held', status: 'held' },
          { id: three.id, done: true },
          { id: 999, done: true },
          { id: 998, done: false, nextAttemptAt: 1, lastError: '' },
        ]);
        assert.deepEqual(await store.queueEntries({ limit: 9 }), [
          { ...one, attempts: 1, nextAttemptAt: now + 900, lastError: '451 later' },
          { ...two, attempts: 1, nextAttemptAt: now, lastError: 'held', status: 'held' },
        ]);
        assert.deepEqual(await store.queueDue(now, 9), []);
        await store.queueUpdate(context, [
          { id: two.id, done: false, nextAttemptAt: now, lastError: 'released', status: 'queued' },
        ]);
        assert.deepEqual(
          (await store.queueDue(now, 9)).map(({ id, attempts }) => [id, attempts]),
          [[two.id, 2]],
        );
        assert.equal(await bench.text(blobId), simple('out'));
        await store.queueUpdate(
          context,
          [one, two].map(({ id }) => ({ id, done: true })),
        );
        await gone(() => bench.text(blobId));
        const next = await enqueue(bench, [entry('4@x')]).then(() => store.queueEntries({ limit: 9 }));
        assert(next[0]!.id > three.id, 'an id is never used again');
      }));

    it('an outcome and the bounce that follows from it are one commit', () =>
      withStore(open, async (bench) => {
        const { store } = bench;
        await enqueue(bench, [entry('dead@x')]);
        const [dead] = await store.queueEntries({ limit: 1 });
        const message = await bench.stage(simple('bounce'));
        const bounce: Delivery = { message, receivedAt: 9, targets: [{ account: spec('a') }], queue: [] };
        message.discard();
        await rejects(store.queueUpdate(context, [{ id: dead!.id, done: true }], [bounce]), 'unavailable');
        assert.equal((await store.queueEntries({ limit: 9 })).length, 1);
        const again = { ...bounce, message: await bench.stage(simple('bounce')), queue: [entry('ann@remote')] };
        await store.queueUpdate(context, [{ id: dead!.id, done: true }], [again]);
        assert.deepEqual(
          (await store.queueEntries({ limit: 9 })).map(({ forwardPath }) => forwardPath),
          ['ann@remote'],
        );
        assert.equal((await bench.mailbox('a', 'INBOX')).messages, 1);
      }));

    it('there is an end to it, and a refused commit leaves nothing', () =>
      withStore(
        open,
        async (bench) => {
          await enqueue(bench, [entry('1@x'), entry('2@x')]);
          const message = await bench.stage(simple('more'));
          const delivery = {
            message,
            receivedAt: 0,
            targets: [{ account: spec('a') }],
            queue: [entry('3@x'), entry('4@x')],
          };
          await rejects(bench.store.deliver(context, delivery), 'limitExceeded');
          await rejects(bench.store.account(context, 'a'), 'accountNotFound');
          await enqueue(bench, [entry('3@x')]);
          const [first] = await bench.store.queueEntries({ limit: 1 });
          await rejects(enqueue(bench, [entry('4@x')]), 'limitExceeded');
          await bench.store.queueUpdate(context, [{ id: first!.id, done: true }]);
          await enqueue(bench, [entry('4@x')]);
        },
        { queueEntriesMax: 3 },
      ));
  });

  describe('usage outbox', () => {
    it('one event a stored target and a queue entry, until confirmed', () =>
      withStore(open, async (bench) => {
        const { store } = bench;
        const message = await bench.stage(simple('x'));
        const full = spec('full', { quotaBytes: 1 });
        const targets = [{ account: spec('a') }, { account: full }, { account: spec('b', { partnerId: 'p2' }) }];
        await store.deliver(context, {
          message,
          receivedAt: 1_234,
          targets,
          queue: [entry('r@x', { partnerId: 'p3' }), entry('inner@x', { partnerId: 'p4', metered: false })],
        });
        const events = await store.usagePending(10);
        assert.deepEqual(
          events.map(({ id: _, ...event }) => event),
          [
            { partnerId: 'partner-1', accountId: 'a', meter: 'messages-in', quantity: 1, at: 1_234 },
            { partnerId: 'p2', accountId: 'b', meter: 'messages-in', quantity: 1, at: 1_234 },
            { partnerId: 'p3', accountId: null, meter: 'messages-out', quantity: 1, at: 1_234 },
          ],
        );
        const prefix = `${store.volumeId}~${store.epoch}~`;
        assert(events.every(({ id }) => id.startsWith(prefix) && /^\d+$/.test(id.slice(prefix.length))));
        assert.equal(new Set(events.map(({ id }) => id)).size, 3);
        assert.deepEqual(await store.usagePending(2), events.slice(0, 2));
        await store.usageConfirm([events[0]!.id, events[0]!.id, 'other~1~1', 'junk']);
        assert.deepEqual(await store.usagePending(10), events.slice(1));
        await store.usageConfirm(events.map(({ id }) => id));
        assert.deepEqual(await store.usagePending(10), []);
        await store.deliver(context, { message, receivedAt: 1, targets: [{ account: spec('a') }], queue: [] });
        const [next] = await store.usagePending(10);
        assert(!events.some(({ id }) => id === next?.id), 'an id is never used again');
      }));

    it('appending by a client is no message in', () =>
      withStore(open, async (bench) => {
        await bench.append(await bench.account('a'), 'a', simple('x'));
        assert.deepEqual(await bench.store.usagePending(10), []);
      }));
  });
}
