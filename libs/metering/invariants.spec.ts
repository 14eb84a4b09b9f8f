import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import fc from 'fast-check';
import { Database } from '#database';
import { SimulatedClock, testDatabase } from '#testing';
import { Meters, PostgresMetering, replay, type Transition, UsageEventBatch, UsageRollup } from './index.ts';
import { differingBuckets } from './rollup.ts';

const START = Date.parse('2026-03-10T00:00:00Z');
const MINUTE = 60_000;
const HOURS = 12;
const SPAN = HOURS * 60;

/** A fact of some minute; all of a run's make a history in which anything may follow anything. */
const facts = fc.array(
  fc.record({
    minute: fc.nat(SPAN - 1),
    what: fc.constantFrom('counter', 'peak', 'unique', 'gauge', 'level', 'active', 'standby', 'stop'),
    subject: fc.constantFrom('a', 'b'),
    amount: fc.nat(9),
  }),
  { minLength: 1, maxLength: 40 },
);
type Fact = typeof facts extends fc.Arbitrary<(infer One)[]> ? One : never;

describe('invariants of metering, for any history', () => {
  let own: Awaited<ReturnType<typeof testDatabase>>;
  let database: Database;
  const clock = new SimulatedClock(START + (SPAN + 60) * MINUTE);
  before(async () => {
    own = await testDatabase();
    database = new Database({ url: own.url });
    const meters = new Meters(database, clock);
    const base = { partnerId: null, name: 'x', unit: 'x', subjects: 'any', silentHours: null } as const;
    for (const [code, aggregation] of [
      ['tops', 'max'],
      ['kinds', 'unique'],
      ['held', 'level'],
    ] as const)
      assert.ok((await meters.create({ ...base, code, aggregation })).ok);
  });
  after(async () => {
    await database.close();
    await own[Symbol.asyncDispose]();
  });

  const eventOf = (partnerId: string, { minute, what, subject, amount }: Fact, index: number) => {
    const base = {
      id: String(index),
      source: 't',
      partnerId,
      at: new Date(START + minute * MINUTE).toISOString(),
      subject,
    };
    switch (what) {
      case 'counter':
        return { ...base, kind: 'counter', meter: 'messages-in', quantity: amount } as const;
      case 'peak':
        return { ...base, kind: 'peak', meter: 'tops', quantity: String(amount) } as const;
      case 'unique':
        return { ...base, kind: 'unique', meter: 'kinds', quantity: '1', item: String(amount) } as const;
      case 'level':
        return { ...base, kind: 'gauge', meter: 'held', quantity: String(amount) } as const;
      case 'gauge':
        return { ...base, kind: 'gauge', meter: 'storage-bytes', value: amount } as const;
      case 'active':
      case 'standby':
        return { ...base, kind: 'start', meter: `node-${what}` } as const;
      case 'stop':
        return { ...base, kind: 'stop', meter: amount % 2 ? 'node-active' : 'node-standby' } as const;
    }
  };

  it('6 buckets are the events made again, however batches and roll-ups were cut and whatever came late', async () => {
    let serial = 0;
    const metering = new PostgresMetering(database, clock);
    const rollup = new UsageRollup(database, clock);
    await fc.assert(
      fc.asyncProperty(facts, fc.array(fc.nat(40), { maxLength: 4 }), async (history, cuts) => {
        const slug = `p${++serial}`;
        const [row] = await database.query<{ id: string }>(
          'INSERT INTO partner (slug, name) VALUES ($1, $1) RETURNING id',
          [slug],
        );
        const partner = row!.id;
        const events = history.map((one, index) => eventOf(partner, one, index));
        const bounds = [0, ...cuts.map((cut) => cut % (events.length + 1)).sort((a, b) => a - b), events.length];
        for (const [index, from] of bounds.slice(0, -1).entries()) {
          const batch = new UsageEventBatch(bounds[index + 1]! - from);
          batch.candidates = events
            .slice(from, bounds[index + 1])
            .map((event, n) => ({ index: n, event, hash: Buffer.from(`${slug} ${event.id}`) }));
          await metering.count(batch, 'internal');
          if (index % 2 === 0) await rollup.roll(partner);
        }
        await rollup.roll(partner);
        assert.equal(await rollup.roll(partner), 0, 'rolled twice, it is rolled once');
        const [from, to] = [new Date(START), new Date(START + (HOURS + 1) * 60 * MINUTE)];
        assert.deepEqual(await database.transaction((client) => differingBuckets(client, partner, from, to)), []);
        const rows = await database.query<{ meter: string; hour: Date; subject: string; quantity: string }>(
          'SELECT meter, hour, subject, trim_scale(quantity) AS quantity FROM usage_bucket WHERE partner_id = $1 AND quantity <> 0',
          [partner],
        );
        const kept = Object.fromEntries(
          rows.map(({ meter, hour, subject, quantity }) => [
            `${meter} ${(hour.getTime() - START) / MINUTE / 60} ${subject}`,
            Number(quantity),
          ]),
        );
        assert.deepEqual(kept, naiveBuckets(history));
      }),
      { numRuns: Number(process.env['ROOKERY_METERING_RUNS'] ?? 40) },
    );
  });

  it('10 active + standby + unbilled is a node’s life, minute by minute', () => {
    fc.assert(
      fc.property(facts, (history) => {
        const own = history.filter(({ what }) => ['active', 'standby', 'stop'].includes(what));
        const transitions = own.map(
          ({ minute, what, amount }, index): Transition => ({
            at: minute,
            change: what === 'stop' ? 'stop' : 'start',
            meter: what === 'standby' || (what === 'stop' && amount % 2 === 0) ? 'node-standby' : 'node-active',
            seq: String(index + 1),
            label: null,
          }),
        );
        const lives = replay(undefined, transitions);
        const within = (meter: string): number =>
          lives.filter((life) => life.meter === meter).reduce((sum, { from, to }) => sum + (to ?? SPAN) - from, 0);
        let unbilled = 0;
        for (let minute = 0; minute < SPAN; minute++) {
          const roles = lives.filter(({ from, to }) => from <= minute && minute < (to ?? SPAN));
          assert.ok(roles.length <= 1, 'one role at an instant');
          if (roles.length === 0) unbilled++;
        }
        assert.equal(within('node-active') + within('node-standby') + unbilled, SPAN);
      }),
    );
  });
});

/** Buckets as anybody would make them: minute by minute, from all facts at once. Up to the last full hour for what lasts. */
function naiveBuckets(history: readonly Fact[]): Record<string, number> {
  const buckets: Record<string, number> = {};
  const items = new Map<string, Set<number>>();
  for (const { minute, what, subject, amount } of history) {
    const at = `${Math.floor(minute / 60)} ${subject}`;
    if (what === 'counter') buckets[`messages-in ${at}`] = (buckets[`messages-in ${at}`] ?? 0) + amount;
    if (what === 'peak') buckets[`tops ${at}`] = Math.max(buckets[`tops ${at}`] ?? 0, amount);
    if (what === 'unique') items.set(`kinds ${at}`, (items.get(`kinds ${at}`) ?? new Set()).add(amount));
  }
  for (const [key, seen] of items) buckets[key] = seen.size;
  for (const subject of ['a', 'b']) {
    for (const [what, meter] of [
      ['gauge', 'storage-bytes'],
      ['level', 'held'],
    ] as const)
      for (let minute = 0; minute < SPAN + 60; minute++) {
        const said = history.filter((one) => one.what === what && one.subject === subject && one.minute <= minute);
        const latest = Math.max(...said.map((one) => one.minute));
        const level = said.findLast((one) => one.minute === latest)?.amount ?? 0;
        const key = `${meter} ${Math.floor(minute / 60)} ${subject}`;
        if (level > 0) buckets[key] = (buckets[key] ?? 0) + level * 60;
      }
    const transitions = history.flatMap((one, index): Transition[] =>
      one.subject === subject && ['active', 'standby', 'stop'].includes(one.what)
        ? [
            {
              at: one.minute,
              change: one.what === 'stop' ? 'stop' : 'start',
              meter:
                one.what === 'standby' || (one.what === 'stop' && one.amount % 2 === 0)
                  ? 'node-standby'
                  : 'node-active',
              seq: String(index + 1),
              label: null,
            },
          ]
        : [],
    );
    for (const { meter, from, to } of replay(undefined, transitions))
      for (let minute = from; minute < (to ?? SPAN + 60); minute++) {
        const key = `${meter} ${Math.floor(minute / 60)} `;
        buckets[key] = (buckets[key] ?? 0) + 60;
      }
  }
  return Object.fromEntries(Object.entries(buckets).filter(([, quantity]) => quantity !== 0));
}
