import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { invoicePreview, MonthRating } from '#billing/invoice';
import { Database } from '#database';
import {
  type CounterMeter,
  type GaugeMeter,
  type IntervalMeter,
  PostgresMetering,
  PostgresUsageEvidence,
  PostgresUsageReader,
  type UsageEvent,
} from '#metering';
import { SimulatedClock, testDatabase } from '#testing';
import { PostgresBillingAccounts } from './index.ts';

/** A partner's January of 2026 with the usage of the worked cases, then asked for in February. */
describe('invoice preview over PostgreSQL', () => {
  let own: Awaited<ReturnType<typeof testDatabase>>;
  let database: Database;
  let partner = '';
  const clock = new SimulatedClock(Date.parse('2026-02-10T12:00:00Z'));
  let rating: MonthRating;
  let evidence: PostgresUsageEvidence;

  type Rest =
    | { kind: 'start' | 'stop'; meter: IntervalMeter; label: string }
    | { kind: 'gauge'; meter: GaugeMeter; value: number }
    | { kind: 'counter'; meter: CounterMeter; quantity: number };
  const fact = (id: string, at: string, subject: string, rest: Rest): UsageEvent => ({
    id,
    source: 'test',
    partnerId: partner,
    at,
    subject,
    ...rest,
  });
  const role = (kind: 'start' | 'stop', meter: IntervalMeter, label = 'x@example.org'): Rest => ({
    kind,
    meter,
    label,
  });
  const stored = (value: number): Rest => ({ kind: 'gauge', meter: 'storage-bytes', value });
  const received = (quantity: number): Rest => ({ kind: 'counter', meter: 'messages-in', quantity });

  before(async () => {
    own = await testDatabase();
    database = new Database({ url: own.url });
    rating = new MonthRating(new PostgresBillingAccounts(database), new PostgresUsageReader(database), clock);
    evidence = new PostgresUsageEvidence(database);
    const [row] = await database.query<{ id: string }>(
      `INSERT INTO partner (slug, name, created_at) VALUES ('acme', 'Acme', '2025-12-01T10:00:00Z') RETURNING id`,
    );
    partner = row!.id;
    const start = '2025-12-01T00:00:00Z';
    const failover = '2026-01-17T06:30:00Z';
    const events = [
      fact('h', start, 'h1', role('start', 'hub')),
      fact('a1', start, 'a', role('start', 'node-active')),
      fact('b1', start, 'b', role('start', 'node-standby')),
      fact('a2', failover, 'a', role('stop', 'node-active')),
      fact('b2', failover, 'b', role('stop', 'node-standby')),
      fact('b3', failover, 'b', role('start', 'node-active')),
      fact('a3', '2026-01-17T08:00:00Z', 'a', role('start', 'node-standby')),
      ...Array.from({ length: 150 }, (_, n) =>
        fact(`m${n}`, start, `account-${n}`, role('start', 'mailbox', `u${n}@example.org`)),
      ),
      fact('s', start, 'v1', stored(500_000_000_000)),
      ...Array.from({ length: 25 }, (_, n) =>
        fact(`c${n}`, `2026-01-${String(n + 1).padStart(2, '0')}T09:15:00Z`, 'mx', received(10_000)),
      ),
    ];
    await new PostgresMetering(database, clock).ingest(events.toReversed(), 'internal');
  });
  after(async () => {
    await database.close();
    await own[Symbol.asyncDispose]();
  });

  const preview = async (month: string, cutoff?: bigint) => {
    const result = await rating.rate('acme', month, cutoff);
    assert.ok(result.ok);
    return invoicePreview(result.value);
  };

  it('prices January as the worked cases do, and the lines add up', async () => {
    const january = await preview('2026-01');
    assert.deepEqual(
      january.lines.map(({ kind, quantity, unitPrice, amountMinor }) => [kind, quantity, unitPrice, amountMinor]),
      [
        ['hub-hours', '744', '0.08', 5952],
        ['node-hours-active', '744', '0.12', 8928],
        ['node-hours-standby', '742.5', '0.05', 3713],
        ['mailboxes', '150', '1.5', 22500],
        ['gb-hours', '500', '0.2', 10000],
        ['messages', '250000', '0.000294', 7350],
      ],
    );
    assert.equal(january.subtotalMinor, 58443);
    assert.equal(
      january.subtotalMinor,
      january.lines.reduce((sum, { amountMinor }) => sum + amountMinor, 0),
    );
    assert.deepEqual(
      [january.periodStart, january.periodEnd],
      ['2026-01-01T00:00:00.000Z', '2026-02-01T00:00:00.000Z'],
    );
  });

  it('counts a running month up to now, and nothing of one to come', async () => {
    const february = await preview('2026-02');
    const hub = february.lines.find(({ kind }) => kind === 'hub-hours')!;
    assert.deepEqual([hub.quantity, hub.amountMinor], ['228', 1824]);
    assert.equal(february.asOf, '2026-02-10T12:00:00.000Z');
    assert.deepEqual((await preview('2026-03')).lines, []);
    assert.deepEqual((await preview('2025-11')).lines, []);
  });

  it('comes out again from an earlier cut-off, whatever came later', async () => {
    const metering = new PostgresMetering(database, clock);
    const before = await rating.rate(partner, '2026-01');
    assert.ok(before.ok);
    await metering.ingest([fact('late', '2026-01-20T00:00:00Z', 'mx', received(1_000_000))], 'internal');
    const again = await rating.rate(partner, '2026-01', before.value.cutoff);
    const now = await rating.rate(partner, '2026-01');
    assert.ok(again.ok && now.ok);
    assert.equal(again.value.rated.digest, before.value.rated.digest);
    assert.equal(again.value.rated.inputDigest, before.value.rated.inputDigest);
    assert.equal(now.value.rated.net - before.value.rated.net, 25_000n);
  });

  it('shows the lives, levels, hours and events behind the lines, a page at a time', async () => {
    const january = { partnerId: partner, from: Date.parse('2026-01-01'), to: Date.parse('2026-02-01') };
    const now = clock.now();
    const standby = await evidence.intervals({ ...january, meters: ['node-standby'] }, now);
    assert.ok(standby.ok);
    const seconds = standby.value.items.reduce((sum, item) => sum + item.counted.seconds, 0);
    assert.equal(seconds, 742.5 * 3_600);
    const levels = await evidence.levels({ ...january, meters: ['storage-bytes'] }, now);
    assert.ok(levels.ok);
    assert.deepEqual(
      levels.value.items.map(({ value, counted }) => [value, counted.seconds]),
      [['500000000000', 744 * 3_600]],
    );
    const seen: string[] = [];
    let page = await evidence.hours({ ...january, meters: ['messages-in', 'messages-out'], limit: 10 });
    for (;;) {
      assert.ok(page.ok);
      seen.push(...page.value.items.map(({ hour }) => hour));
      if (!page.value.next) break;
      page = await evidence.hours({
        ...january,
        meters: ['messages-in', 'messages-out'],
        limit: 10,
        after: page.value.next,
      });
    }
    assert.equal(new Set(seen).size, 26);
    const events = await evidence.events({ ...january, meters: ['node-active'], subject: 'b' });
    assert.ok(events.ok);
    assert.deepEqual(
      events.value.items.map(({ id, kind }) => [id, kind]),
      [['b3', 'start']],
    );
    assert.deepEqual(await evidence.events({ ...january, meters: [], after: 'nonsense' }), {
      ok: false,
      error: 'badCursor',
    });
  });

  it('refuses what it does not know', async () => {
    assert.deepEqual(await rating.rate('nobody', '2026-01'), {
      ok: false,
      error: { code: 'notFound', what: 'partner' },
    });
    const wrong = await rating.rate('acme', 'January');
    assert.ok(!wrong.ok && wrong.error.code === 'invalid');
  });
});
