import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { Database } from '#database';
import { seededRandom } from '#stdx';
import { SimulatedClock, testDatabase } from '#testing';
import { PostgresMetering, type UsageEvent, UsageQuarantine, UsageRollup } from './index.ts';

const START = Date.parse('2026-03-10T00:00:00Z');
const HOUR = 3_600_000;

describe('hourly buckets and the quarantine', () => {
  let own: Awaited<ReturnType<typeof testDatabase>>;
  let database: Database;
  let metering: PostgresMetering;
  let rollup: UsageRollup;
  let quarantine: UsageQuarantine;
  let partner = '';
  const clock = new SimulatedClock(START + 48 * HOUR + 300_000);

  before(async () => {
    own = await testDatabase();
    database = new Database({ url: own.url });
    metering = new PostgresMetering(database, clock);
    rollup = new UsageRollup(database, clock);
    quarantine = new UsageQuarantine(database, metering, clock);
    partner = (
      await database.query<{ id: string }>(`INSERT INTO partner (slug, name) VALUES ('p', 'P') RETURNING id`)
    )[0]!.id;
  });
  after(async () => {
    await database.close();
    await own[Symbol.asyncDispose]();
  });

  const base = (id: string, hours: number, subject: string) => ({
    id,
    source: 'test',
    partnerId: partner,
    at: new Date(START + hours * HOUR).toISOString(),
    subject,
  });
  const rollAll = async (): Promise<number> => {
    let changed = 0;
    for (const due of await rollup.due(10)) changed += await rollup.roll(due);
    return changed;
  };
  const totals = async (): Promise<Record<string, number>> =>
    Object.fromEntries(
      (
        await database.query<{ meter: string; sum: string }>(
          'SELECT meter, sum(quantity) AS sum FROM usage_bucket GROUP BY meter ORDER BY meter',
        )
      ).map(({ meter, sum }) => [meter, Number(sum)]),
    );

  it('sum up events, seconds lived and byte-seconds held, and nothing twice', async () => {
    await metering.ingest(
      [
        { ...base('h', 1.25, 'hub'), kind: 'start', meter: 'hub' },
        { ...base('x', 4.5, 'hub'), kind: 'stop', meter: 'hub' },
        { ...base('g', 2, 'v'), kind: 'gauge', meter: 'storage-bytes', value: 100 },
        { ...base('g2', 10.5, 'v'), kind: 'gauge', meter: 'storage-bytes', value: 0 },
        { ...base('m', 3.1, 'a'), kind: 'counter', meter: 'messages-in', quantity: 7 },
        { ...base('n', 3.9, 'a'), kind: 'counter', meter: 'messages-in', quantity: 5 },
      ] satisfies UsageEvent[],
      'internal',
    );
    assert.ok((await rollAll()) > 0);
    const expected = { hub: 3.25 * 3_600, 'messages-in': 12, 'storage-bytes': 8.5 * 3_600 * 100 };
    assert.deepEqual(await totals(), expected);
    assert.equal(await rollAll(), 0);
    await database.query('UPDATE usage_rollup SET seq = 0');
    assert.equal(await rollAll(), 0);
  });

  it('take late events in as a new version', async () => {
    await metering.ingest(
      [
        { ...base('late', 3.5, 'a'), kind: 'counter', meter: 'messages-in', quantity: 1 },
        { ...base('y', 2.25, 'hub'), kind: 'stop', meter: 'hub' },
      ] satisfies UsageEvent[],
      'internal',
    );
    await rollAll();
    const { hub, 'messages-in': messages } = await totals();
    assert.deepEqual([hub, messages], [3_600, 13]);
    const [bucket] = await database.query<{ version: number }>(
      `SELECT version FROM usage_bucket WHERE meter = 'messages-in'`,
    );
    assert.equal(bucket!.version, 2);
  });

  it('come to the same in one go as in many', async () => {
    const random = seededRandom(5);
    for (let round = 0; round < 12; round++) {
      const events = Array.from({ length: 20 }, (_, n): UsageEvent => {
        const at = base(`r${round}-${n}`, Math.floor(random.fraction() * 40 * 60) / 60, `s${n % 3}`);
        const kind = random.fraction();
        if (kind < 0.4) return { ...at, kind: 'counter', meter: 'messages-out', quantity: 3 };
        if (kind < 0.6) return { ...at, kind: 'gauge', meter: 'storage-bytes', value: n };
        return { ...at, kind: kind < 0.8 ? 'start' : 'stop', meter: 'mailbox' };
      });
      await metering.ingest(events, 'internal');
      if (round % 3 === 0) await rollAll();
    }
    await rollAll();
    const kept = (rows: Record<string, unknown>[]) => rows.map((row) => ({ ...row }));
    const sql =
      'SELECT meter, hour, subject, quantity, digest FROM usage_bucket WHERE quantity <> 0 ORDER BY meter, hour, subject';
    const before = kept(await database.query(sql));
    await database.query('DELETE FROM usage_bucket');
    await database.query('DELETE FROM usage_rollup');
    await rollAll();
    assert.deepEqual(kept(await database.query(sql)), before);
  });

  it('a fact of our own that came ahead of its time is counted when its time has come', async () => {
    const ahead: UsageEvent = { ...base('ahead', 49, 'a'), kind: 'counter', meter: 'messages-in', quantity: 9 };
    assert.equal((await metering.ingest([ahead], 'internal')).rejected, 1);
    assert.equal((await quarantine.releaseDue()).accepted, 0);
    assert.deepEqual([...(await quarantine.held())], [['future', 1]]);
    await clock.advance(HOUR);
    assert.equal((await quarantine.releaseDue()).accepted, 1);
    assert.equal((await quarantine.releaseDue()).accepted, 0);
    assert.equal((await metering.ingest([ahead], 'internal')).duplicates, 1);
  });
});
