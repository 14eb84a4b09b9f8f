import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import fc from 'fast-check';
import { Database } from '#database';
import { SimulatedClock, testDatabase } from '#testing';
import { type EventOutcome, PostgresMetering, type UsageEvent, writeUsage } from './index.ts';

const NOW = Date.parse('2026-03-15T12:00:00Z');
const HOUR = 3_600_000;

describe('ingestion', () => {
  let own: Awaited<ReturnType<typeof testDatabase>>;
  let database: Database;
  let metering: PostgresMetering;
  let partner = '';
  const clock = new SimulatedClock(NOW);

  before(async () => {
    own = await testDatabase();
    database = new Database({ url: own.url });
    metering = new PostgresMetering(database, clock);
    partner = await newPartner('acme');
  });
  after(async () => {
    await database.close();
    await own[Symbol.asyncDispose]();
  });

  const newPartner = async (slug: string): Promise<string> =>
    (await database.query<{ id: string }>('INSERT INTO partner (slug, name) VALUES ($1, $1) RETURNING id', [slug]))[0]!
      .id;
  const message = (id: string, quantity = 500, at = NOW): UsageEvent => ({
    id,
    source: 'node:1',
    partnerId: partner,
    at: new Date(at).toISOString(),
    subject: 'account-1',
    kind: 'counter',
    meter: 'messages-in',
    quantity,
  });
  const role = (
    id: string,
    kind: 'start' | 'stop',
    meter: 'node-active' | 'node-standby',
    at: number,
    subject: string,
  ) =>
    ({
      id,
      source: 'cluster',
      partnerId: partner,
      at: new Date(at).toISOString(),
      subject,
      kind,
      meter,
    }) satisfies UsageEvent;
  const counted = async (): Promise<number> =>
    Number(
      (
        await database.query<{ sum: string | null }>('SELECT sum(quantity) FROM usage_event WHERE partner_id = $1', [
          partner,
        ])
      )[0]!.sum ?? 0,
    );
  const words = (outcomes: readonly EventOutcome[]): string[] =>
    outcomes.map((outcome) => (outcome.outcome === 'rejected' ? outcome.reason : outcome.outcome));
  const intervals = (subject: string) =>
    database.query<{ meter: string; from: string; to: string | null }>(
      `SELECT meter, to_char(started AT TIME ZONE 'UTC', 'HH24:MI') AS from, to_char(ended AT TIME ZONE 'UTC', 'HH24:MI') AS to
       FROM resource_interval WHERE resource = $1 ORDER BY started`,
      [subject],
    );

  it('15 ids a, b, a of 500 each count 1000; the same id with another body is refused and does not count', async () => {
    const { outcomes } = await metering.ingest([message('a'), message('b'), message('a')], 'internal');
    assert.deepEqual(words(outcomes), ['accepted', 'accepted', 'duplicate']);
    assert.equal(await counted(), 1000);
    const again = await metering.ingest([message('a', 501), message('b')], 'api');
    assert.deepEqual(words(again.outcomes), ['conflict', 'duplicate']);
    assert.equal(await counted(), 1000);
    const [held] = await database.query<{ reason: string; refused: boolean }>(
      'SELECT reason, refused FROM usage_quarantine',
    );
    assert.deepEqual({ ...held }, { reason: 'conflict', refused: true });
  });

  it('15 four minutes ahead is accepted, six is not; nor is what is too old, unreadable or of nobody', async () => {
    const { outcomes } = await metering.ingest(
      [
        message('4min', 1, NOW + 4 * 60_000),
        message('6min', 1, NOW + 6 * 60_000),
        message('old', 1, NOW - 401 * 86_400_000),
        { ...message('odd'), quantity: 1.5 },
        { ...message('nul'), subject: 'a\u0000b' },
        { ...message('nobody'), partnerId: '00000000-0000-4000-8000-00000000dead' },
        null,
      ],
      'internal',
    );
    assert.deepEqual(words(outcomes), [
      'accepted',
      'future',
      'tooOld',
      'invalid',
      'invalid',
      'unknownPartner',
      'invalid',
    ]);
  });

  it('records what it refuses once, however often it is sent', async () => {
    for (let n = 0; n < 3; n++) await metering.ingest([message('late', 1, NOW + HOUR)], 'internal');
    const rows = await database.query<{ times: string }>(
      `SELECT times FROM usage_quarantine WHERE payload->>'id' = 'late'`,
    );
    assert.deepEqual(
      rows.map(({ times }) => times),
      ['3'],
    );
  });

  it('15 "off" that arrives before "on" gives the same life', async () => {
    const on = role('n1-on', 'start', 'node-active', NOW - 5 * HOUR, 'n1');
    const off = role('n1-off', 'stop', 'node-active', NOW - 2 * HOUR, 'n1');
    await metering.ingest([off], 'internal');
    assert.deepEqual(await intervals('n1'), []);
    await metering.ingest([on], 'internal');
    assert.deepEqual(
      (await intervals('n1')).map((row) => ({ ...row })),
      [{ meter: 'node-active', from: '07:00', to: '10:00' }],
    );
  });

  it('comes to the same lives whatever the order and cut of the batches', async () => {
    const facts = fc.array(
      fc.tuple(
        fc.integer({ min: 0, max: 8 }),
        fc.constantFrom('start', 'stop'),
        fc.constantFrom('node-active', 'node-standby'),
      ),
      { minLength: 1, maxLength: 8 },
    );
    let run = 0;
    await fc.assert(
      fc.asyncProperty(
        facts,
        fc.infiniteStream(fc.nat(1_000)),
        fc.integer({ min: 1, max: 8 }),
        async (rows, keys, cut) => {
          run++;
          const events = (subject: string) =>
            rows.map(([hour, kind, meter], index) =>
              role(`${subject}-${index}`, kind, meter, NOW - hour * HOUR, subject),
            );
          const shuffled = events(`b${run}`)
            .map((event) => ({ event, key: keys.next().value as number }))
            .sort((a, b) => a.key - b.key)
            .map(({ event }) => event);
          await metering.ingest(events(`a${run}`), 'internal');
          for (let from = 0; from < shuffled.length; from += cut)
            await metering.ingest(shuffled.slice(from, from + cut), 'internal');
          assert.deepEqual(await intervals(`b${run}`), await intervals(`a${run}`));
        },
      ),
      { numRuns: 25 },
    );
  });

  it('numbers events in the order of commits, without a gap, from many senders at once', async () => {
    const batches = Array.from({ length: 8 }, (_, batch) =>
      Array.from({ length: 50 }, (_, n) => message(`c${(batch * 25 + n) % 225}`, 1)),
    );
    await Promise.all(batches.map((events) => metering.ingest(events, 'internal')));
    const [row] = await database.query<{ same: boolean; distinct: string }>(
      `SELECT max(event.seq) = count(*) AND max(event.seq) = max(counter.seq) AS same, count(DISTINCT event_id) AS distinct
       FROM usage_event event JOIN ingest_counter counter USING (partner_id) WHERE partner_id = $1`,
      [partner],
    );
    assert.equal(row!.same, true);
  });

  it('leaves nothing behind when the transaction fails after it', async () => {
    const before = await counted();
    const batch = await metering.prepare([message('undone')]);
    await assert.rejects(
      database.transaction(async (client) => {
        await metering.ingestWithin(client, batch, 'internal');
        throw new Error('the process dies here');
      }),
    );
    assert.equal(await counted(), before);
    const { outcomes } = await metering.ingest([message('undone')], 'internal');
    assert.deepEqual(words(outcomes), ['accepted']);
  });

  it('never changes an event, whoever asks', async () => {
    for (const sql of ['UPDATE usage_event SET quantity = 0', 'DELETE FROM usage_event', 'DELETE FROM usage_event_key'])
      await assert.rejects(database.query(sql), /permission denied|refused/);
  });

  it('shows a partner its own usage only', async () => {
    const other = await newPartner('other');
    const seen = await database.asPartner(other, async (client) => {
      const events = await client.query('SELECT FROM usage_event');
      const lives = await client.query('SELECT FROM resource_interval');
      return [events.rowCount, lives.rowCount];
    });
    assert.deepEqual(seen, [0, 0]);
  });

  it('takes an event from the outbox as it was written', async () => {
    await database.asPartner(partner, (client) => writeUsage(client, [message('boxed', 7)]));
    const [row] = await database.query<{ payload: unknown }>(`SELECT payload FROM outbox WHERE topic = 'usage'`);
    const { outcomes } = await metering.ingest([row!.payload], 'internal');
    assert.deepEqual(words(outcomes), ['accepted']);
  });
});
