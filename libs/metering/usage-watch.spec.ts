import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { Database } from '#database';
import { SimulatedClock, testDatabase } from '#testing';
import { Meters, PostgresMetering, storageSample, UsageFindings, UsageRollup, UsageWatch } from './index.ts';

const START = Date.parse('2026-03-10T00:00:00Z');
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

describe('a silent outage of metering', () => {
  let own: Awaited<ReturnType<typeof testDatabase>>;
  let database: Database;
  const clock = new SimulatedClock(START);
  const names = ['silent', 'late', 'accepted', 'empty', 'meters', 'rollup'] as const;
  const partners = new Map<string, string>();
  const of = (name: (typeof names)[number]): string => partners.get(name) ?? '';
  const world = () => {
    const findings = new UsageFindings(database, clock);
    return {
      metering: new PostgresMetering(database, clock),
      meters: new Meters(database, clock),
      rollup: new UsageRollup(database, clock),
      watch: new UsageWatch(database, findings, clock),
      findings,
    };
  };
  let w: ReturnType<typeof world>;
  before(async () => {
    own = await testDatabase();
    database = new Database({ url: own.url });
    w = world();
    for (const name of names) {
      const [row] = await database.query<{ id: string }>(
        'INSERT INTO partner (slug, name, created_at) VALUES ($1, $1, $2) RETURNING id',
        [name, new Date(START - 30 * 24 * HOUR)],
      );
      partners.set(name, row!.id);
    }
  });
  after(async () => {
    await database.close();
    await own[Symbol.asyncDispose]();
  });

  const sample = (partnerId: string, minutes: number, bytes = 5) =>
    w.metering.ingest([storageSample({ volumeId: 'v', partnerId, bytes, at: START + minutes * MINUTE })], 'internal');
  /** Every partner is looked at, its buckets made meanwhile. */
  const look = async (minutes: number, rolls = true): Promise<void> => {
    await clock.advance(START + minutes * MINUTE - clock.now());
    if (rolls) for (const partner of await w.rollup.due(100)) await w.rollup.roll(partner);
    for (const partner of await w.watch.due()) await w.watch.watch(partner);
  };
  const said = async (name: (typeof names)[number], onlyOpen = true) =>
    (await w.findings.list({ partnerId: of(name), onlyOpen, limit: 10 })).map(
      ({ kind, meter, subject, started, ended, resolvedBy }) => [
        [kind, meter, subject].join(' '),
        (started - START) / MINUTE,
        ended === null ? null : (ended - START) / MINUTE,
        resolvedBy,
      ],
    );

  it('is found when two hours were silent, not before, and not where nothing is held', async () => {
    for (const name of ['silent', 'late', 'accepted'] as const) {
      await sample(of(name), -15);
      await sample(of(name), 0);
    }
    await sample(of('empty'), 0, 0);
    await look(120);
    assert.deepEqual(await said('silent'), []);
    await look(121);
    assert.deepEqual(await said('silent'), [['silent storage-bytes v', 0, null, null]]);
    assert.deepEqual(await said('empty'), []);
    await look(136);
    assert.equal((await said('silent', false)).length, 1, 'found twice, it is found once');
  });

  it('stays found when it is over, until late samples fill it or somebody accepts it', async () => {
    await look(300);
    for (const name of ['silent', 'late', 'accepted'] as const) await sample(of(name), 300);
    await look(301);
    assert.deepEqual(await said('silent'), [['silent storage-bytes v', 0, 300, null]]);
    for (const minutes of [90, 180, 270]) await sample(of('late'), minutes);
    const [open] = await w.findings.list({ partnerId: of('accepted'), onlyOpen: true, limit: 1 });
    const accepted = await w.findings.accept(open!.id, 'apikey:1', 'Nobody wrote that night.');
    assert.deepEqual([accepted?.resolvedBy, accepted?.note], ['apikey:1', 'Nobody wrote that night.']);
    assert.equal(await w.findings.accept(open!.id, 'apikey:1', 'Again.'), undefined);
    for (let day = 1; day <= 3; day++) {
      await clock.advance(START + (day * 1_440 + 1_400) * MINUTE - clock.now());
      for (let minutes = day === 1 ? 360 : day * 1_440; minutes < day * 1_440 + 1_400; minutes += 60)
        for (const name of ['silent', 'late', 'accepted'] as const) await sample(of(name), minutes);
      await look(day * 1_440 + 1_400);
    }
    const gaps = async (name: (typeof names)[number]) => (await said(name, false)).filter(([, from]) => from === 0);
    assert.deepEqual(await gaps('silent'), [['silent storage-bytes v', 0, 300, null]]);
    assert.deepEqual(await gaps('late'), [['silent storage-bytes v', 0, 300, 'recheck']]);
    assert.deepEqual(await gaps('accepted'), [['silent storage-bytes v', 0, 300, 'apikey:1']]);
  });

  it('is found of add-on meters that are to be heard of', async () => {
    const meter = { name: 'x', unit: 'x', aggregation: 'sum', subjects: 'any' } as const;
    const at = (clock.now() - START) / MINUTE;
    await w.meters.create({ ...meter, partnerId: of('meters'), code: 'hourly', silentHours: 3 });
    await w.meters.create({ ...meter, partnerId: of('meters'), code: 'seldom', silentHours: null });
    await w.meters.create({ ...meter, partnerId: null, code: 'everybody', silentHours: 3 });
    await sample(of('meters'), at, 0);
    const count = (minutes: number) =>
      w.metering.ingest(
        [
          {
            ...{ id: `e${minutes}`, source: 'partner:x', partnerId: of('meters'), subject: 's' },
            ...{
              at: new Date(START + minutes * MINUTE).toISOString(),
              kind: 'counter',
              meter: 'messages-in',
              quantity: 1,
            },
          },
        ],
        'internal',
      );
    await look(at + 179);
    assert.deepEqual(await said('meters'), []);
    await look(at + 181);
    assert.deepEqual(await said('meters'), [['silent hourly ', at, null, null]]);
    await count(at + 181);
    // The counter is another's: what is wanted is this meter's.
    await look(at + 250);
    assert.equal((await said('meters')).length, 1);
    await database.query(
      `INSERT INTO usage_bucket (partner_id, meter, hour, subject, quantity, digest) VALUES ($1, 'hourly', $2, 's', 1, '')`,
      [of('meters'), new Date(Math.floor(clock.now() / HOUR) * HOUR)],
    );
    await look(at + 251);
    assert.deepEqual(await said('meters'), []);
    assert.equal((await said('meters', false))[0]?.[3], 'recheck');
    await w.meters.archive(of('meters'), 'hourly');
    await look(at + 1_000);
    assert.deepEqual(await said('meters'), []);
  });

  it('is found when nobody makes buckets any more', async () => {
    const at = (clock.now() - START) / MINUTE;
    await sample(of('rollup'), at, 0);
    await look(at, true);
    await look(at + 110, false);
    assert.deepEqual(await said('rollup'), []);
    await look(at + 300, false);
    assert.deepEqual(
      (await said('rollup')).map(([what]) => what),
      ['silent  rollup'],
    );
    await look(at + 301);
    assert.deepEqual(await said('rollup'), []);
  });
});
