import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { MemoryMailStore } from '#mailstore/memory';
import type { UsageEvent } from '#metering';
import { messageParser } from '#protocol/message';
import { silentLogger, systemClock, systemContext } from '#stdx';
import { SimulatedClock } from '#testing';
import { UsageDispatch } from './usage-dispatch.ts';

const settings = { intervalMs: 1_000, gaugeIntervalMs: 60_000 };
const account = { accountId: 'a1', email: 'a@x.test', partnerId: 'p1', quotaBytes: 0 };

async function storeWithMail(count: number): Promise<MemoryMailStore> {
  const store = new MemoryMailStore({ parse: messageParser, clock: systemClock, volumeId: 'v1', epoch: 3 });
  for (let n = 0; n < count; n++) {
    const message = await store.stage(Buffer.from(`Subject: ${n}\r\n\r\nhello\r\n`));
    await store.deliver(systemContext('test'), { message, receivedAt: 1_000 + n, targets: [{ account }], queue: [] });
  }
  return store;
}

function dispatchOver(
  store: MemoryMailStore,
  deliver: (id: string, events: readonly UsageEvent[]) => Promise<void>,
): UsageDispatch {
  return new UsageDispatch(
    () => [{ volumeId: 'v1', epoch: 3, store }],
    { deliver },
    systemClock,
    silentLogger,
    settings,
  );
}

describe('usage dispatch', () => {
  it('takes every event of the outbox along, once, and empties it', async () => {
    const store = await storeWithMail(5);
    const seen: UsageEvent[] = [];
    await dispatchOver(store, async (_, events) => void seen.push(...events)).dispatch();
    assert.equal(new Set(seen.map(({ id }) => id)).size, 5);
    assert.deepEqual(
      new Set(seen.map((event) => `${event.kind} ${event.meter} ${event.partnerId}`)),
      new Set(['counter messages-in p1']),
    );
    assert.deepEqual(await store.usagePending(10), []);
  });

  it('keeps what billing did not confirm, and says it again under the same ids', async () => {
    const store = await storeWithMail(3);
    const batches: string[][] = [];
    let away = true;
    const dispatch = dispatchOver(store, async (_, events) => {
      batches.push(events.map(({ id }) => id));
      if (away) throw new Error('Redis is away');
    });
    await dispatch.dispatch();
    assert.equal((await store.usagePending(10)).length, 3);
    away = false;
    await dispatch.dispatch();
    assert.deepEqual(batches[0], batches[1]);
    assert.deepEqual(await store.usagePending(10), []);
  });

  it('says how much each partner stores', async () => {
    const store = await storeWithMail(2);
    const seen: UsageEvent[] = [];
    await dispatchOver(store, async (_, events) => void seen.push(...events)).sayGauges();
    const [gauge] = seen;
    assert.equal(gauge?.kind === 'gauge' && gauge.value, (await store.usageBytes())[0]?.bytes);
    assert.equal(gauge?.subject, 'v1');
  });

  it('says hot and cold apart where there is cold storage, and that nothing is cold, too', async () => {
    const store = await storeWithMail(2);
    const seen: UsageEvent[] = [];
    const cold = {
      usageBytes: async () => [
        { partnerId: 'p1', bytes: 1_000, coldBytes: 300 },
        { partnerId: 'p2', bytes: 50, coldBytes: 0 },
      ],
      tiering: { status: () => ({ storage: '/cold' }) },
    };
    const tiered = Object.assign(Object.create(store), cold) as typeof store;
    await dispatchOver(tiered, async (_, events) => void seen.push(...events)).sayGauges();
    assert.deepEqual(
      seen.map((event) => [event.partnerId, event.meter, event.kind === 'gauge' && event.value]),
      [
        ['p1', 'storage-bytes', 700],
        ['p1', 'storage-cold-bytes', 300],
        ['p2', 'storage-bytes', 50],
        ['p2', 'storage-cold-bytes', 0],
      ],
    );
    assert.equal(new Set(seen.map(({ id, partnerId }) => `${id} ${partnerId}`)).size, 4);
  });

  it('says nothing twice in a slot, what failed again, and of who left a volume that there is nothing', async () => {
    const clock = new SimulatedClock(1_000_000_000_000);
    const stored = [
      { partnerId: 'p1', bytes: 5, coldBytes: 0 },
      { partnerId: 'p2', bytes: 7, coldBytes: 0 },
    ];
    const tiering = { status: () => ({ storage: null }) };
    const store = { usageBytes: async () => stored, tiering } as unknown as MemoryMailStore;
    const seen: string[] = [];
    let away = false;
    const deliver = async (_: string, events: readonly UsageEvent[]): Promise<void> => {
      if (away) throw new Error('Redis is away');
      seen.push(events.map((event) => `${event.partnerId} ${event.kind === 'gauge' ? event.value : ''}`).join(', '));
    };
    let sources = [{ volumeId: 'v1', epoch: 3, store }];
    const dispatch = new UsageDispatch(() => sources, { deliver }, clock, silentLogger, settings);
    const slot = async (): Promise<void> => {
      await clock.advance(settings.gaugeIntervalMs);
      await dispatch.sayGauges();
      await dispatch.sayGauges();
    };
    await slot();
    stored.pop();
    away = true;
    await slot();
    away = false;
    await slot();
    await slot();
    // Moved away and back, the volume is another's to speak for meanwhile: what it held then is not known here.
    sources = [];
    await slot();
    sources = [{ volumeId: 'v1', epoch: 5, store }];
    stored.pop();
    await slot();
    assert.deepEqual(seen, ['p1 5, p2 7', 'p1 5, p2 0', 'p1 5']);
  });
});
