import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { Database } from '#database';
import { SimulatedClock, testDatabase } from '#testing';
import { PostgresMetering, type UsageEvent, UsageFindings, UsageReconciliation, UsageRollup } from './index.ts';

const DAY = 86_400_000;
const START = Date.parse('2026-03-10T00:00:00Z');
const at = (hours: number): string => new Date(START + hours * 3_600_000).toISOString();

describe('reconciliation', () => {
  let own: Awaited<ReturnType<typeof testDatabase>>;
  let database: Database;
  const clock = new SimulatedClock(START + DAY + 90 * 60_000);
  let metering: PostgresMetering;
  let rollup: UsageRollup;
  let findings: UsageFindings;
  let reconciliation: UsageReconciliation;
  let cluster = '';
  before(async () => {
    own = await testDatabase();
    database = new Database({ url: own.url });
    metering = new PostgresMetering(database, clock);
    rollup = new UsageRollup(database, clock);
    findings = new UsageFindings(database, clock);
    reconciliation = new UsageReconciliation(database, rollup, findings, clock);
  });
  after(async () => {
    await database.close();
    await own[Symbol.asyncDispose]();
  });

  const one = async (sql: string, values: unknown[]): Promise<string> =>
    (await database.query<{ id: string }>(`${sql} RETURNING id`, values))[0]!.id;
  const newPartner = (slug: string) =>
    one('INSERT INTO partner (slug, name, created_at) VALUES ($1, $1, $2)', [slug, new Date(START)]);
  const fact = (partnerId: string, id: string, hours: number, subject: string, rest: object): UsageEvent =>
    ({ id, source: 'cluster', partnerId, at: at(hours), subject, ...rest }) as UsageEvent;
  const run = async (): Promise<void> => {
    for (const day of await reconciliation.due(1_000)) await reconciliation.reconcile(day);
  };
  const tomorrow = async (): Promise<void> => {
    await clock.advance(DAY);
    await run();
  };
  const said = async (partnerId: string) =>
    (await findings.list({ partnerId, onlyOpen: true, limit: 50 }))
      .map(({ kind, meter, expected, found }) =>
        [kind, meter, expected, found].filter((part) => part !== undefined).join(' '),
      )
      .sort();
  const member = async (partner: string, name: string, row: { meter: string | null; change: number; hours: number }) =>
    one(
      `INSERT INTO node (cluster_id, partner_id, name, control_host, control_port, data_host, data_port, state, meter, role_change, role_since, created_at)
       VALUES ($1, $2, $3, 'h', 1, 'h', 1, $4, $5, $6, $7, $8)`,
      [
        ...[
          cluster,
          partner,
          name,
          row.meter === null ? 'down' : row.meter.replace('node-', ''),
          row.meter,
          row.change,
        ],
        ...[at(row.hours), new Date(START)],
      ],
    );

  it('finds nothing where all is well, looks at each day once, and at those missed', async () => {
    const partner = await newPartner('well');
    await metering.ingest(
      [
        fact(partner, 'm', 1, 'mx', { kind: 'counter', meter: 'messages-in', quantity: 4 }),
        fact(partner, 'g', 2, 'v', { kind: 'gauge', meter: 'storage-bytes', value: 7 }),
        fact(partner, 'h', 3.5, 'hub-x', { kind: 'start', meter: 'hub' }),
        fact(partner, 'h2', 9.25, 'hub-x', { kind: 'stop', meter: 'hub' }),
      ],
      'internal',
    );
    await run();
    assert.deepEqual(await said(partner), []);
    assert.deepEqual(await reconciliation.due(10), []);
    await clock.advance(3 * DAY);
    assert.deepEqual(
      (await reconciliation.due(10)).map(({ day }) => day),
      ['2026-03-11', '2026-03-12', '2026-03-13'],
    );
    await run();
    await clock.advance(-3 * DAY);
    await database.query('DELETE FROM reconcile_run WHERE day > $1', ['2026-03-10']);
  });

  it('6 finds buckets and intervals that are not what their events come to, tells of them, and mends buckets', async () => {
    const partner = await newPartner('buckets');
    await metering.ingest(
      [
        fact(partner, 'a', 1, 'mx', { kind: 'counter', meter: 'messages-in', quantity: 4 }),
        fact(partner, 'b', 1.5, 'mx', { kind: 'counter', meter: 'messages-in', quantity: 5 }),
        fact(partner, 'g', 2, 'v', { kind: 'gauge', meter: 'storage-bytes', value: 7 }),
        fact(partner, 'h', 3, 'hub-x', { kind: 'start', meter: 'hub' }),
        fact(partner, 'h2', 5, 'hub-x', { kind: 'stop', meter: 'hub' }),
      ],
      'internal',
    );
    await rollup.roll(partner);
    const bucket = (hours: number, meter: string) => [partner, at(hours), meter];
    const where = 'partner_id = $1 AND hour = $2 AND meter = $3';
    await database.query(`UPDATE usage_bucket SET quantity = 8 WHERE ${where}`, bucket(1, 'messages-in'));
    await database.query(`DELETE FROM usage_bucket WHERE ${where}`, bucket(3, 'hub'));
    await database.query(`UPDATE usage_bucket SET quantity = 1 WHERE ${where}`, bucket(10, 'storage-bytes'));
    await database.query(
      `INSERT INTO usage_bucket (partner_id, meter, hour, subject, quantity, digest) VALUES ($1, 'messages-out', $2, 'mx', 3, '')`,
      [partner, at(7)],
    );
    await database.query(`UPDATE resource_interval SET ended = $2 WHERE partner_id = $1`, [partner, at(6)]);
    await run();
    assert.deepEqual(await said(partner), [
      // The hour that is gone, and the one that the wrong interval has too much.
      'bucket hub 3600 0',
      'bucket hub 3600 0',
      'bucket messages-in 9 8',
      'bucket messages-out 0 3',
      'bucket storage-bytes 25200 1',
      'interval hub',
      'interval hub',
    ]);
    const held = await findings.list({ partnerId: partner, onlyOpen: true, limit: 50 });
    assert.ok(
      held.every(({ holds }) => !holds),
      'bills are made of events',
    );
    await database.query(`UPDATE resource_interval SET ended = $2 WHERE partner_id = $1`, [partner, at(5)]);
    await tomorrow();
    // What was made of the wrong interval is made again of the right one, and found once more.
    await tomorrow();
    assert.deepEqual(await said(partner), []);
    const [fixed] = await database.query<{ quantity: string; version: number }>(
      `SELECT trim_scale(quantity) AS quantity, version FROM usage_bucket WHERE ${where}`,
      bucket(1, 'messages-in'),
    );
    assert.deepEqual([fixed?.quantity, fixed?.version], ['9', 2]);
  });

  it('finds roles counted otherwise than they are, changes that never came, and what is counted and is not there', async () => {
    const partner = await newPartner('roles');
    cluster = await one(
      `INSERT INTO cluster (partner_id, name, key) VALUES ($1, 'c', decode(repeat('00', 32), 'hex'))`,
      [partner],
    );
    const fine = await member(partner, 'fine', { meter: 'node-active', change: 1, hours: 1 });
    const other = await member(partner, 'other', { meter: 'node-active', change: 2, hours: 5 });
    const since = await member(partner, 'since', { meter: 'node-standby', change: 1, hours: 1 });
    const never = await member(partner, 'never', { meter: 'node-standby', change: 1, hours: 1 });
    const running = await member(partner, 'running', { meter: null, change: 2, hours: 6 });
    const role = (id: string, change: number, turn: 'start' | 'stop', meter: string, hours: number) =>
      fact(partner, `${id}~${meter}~${change}~${turn}`, hours, id, { kind: turn, meter });
    await metering.ingest(
      [
        role(fine, 1, 'start', 'node-active', 1),
        role(other, 1, 'start', 'node-standby', 1),
        role(since, 1, 'start', 'node-standby', 2),
        role(running, 1, 'start', 'node-active', 1),
        role('00000000-0000-4000-8000-000000000009', 1, 'start', 'hub', 1),
        fact(partner, 'ghost', 1, 'account-gone', { kind: 'start', meter: 'mailbox', label: 'gone@x.example' }),
      ],
      'internal',
    );
    await run();
    const details = (await findings.list({ partnerId: partner, onlyOpen: true, limit: 50 }))
      .map(({ detail }) => detail)
      .join('\n');
    assert.doesNotMatch(details, /fine/);
    assert.match(details, /node other is node-active since .*05:00:00.*, and counted as node-standby/);
    assert.match(details, /node since is node-standby since .*01:00:00/);
    assert.match(details, /node never is node-standby since .*, and counted as not billed/);
    assert.match(details, /node running is not billed since .*06:00:00.*, and counted as node-active/);
    assert.match(details, /1 changes of the node other's role were never counted, the first of them number 2/);
    assert.match(details, /1 changes of the node never's role/);
    assert.match(details, /A hub 00000000-0000-4000-8000-000000000009 is counted since/);
    assert.match(details, /A mailbox gone@x.example is counted since .*: there is none/);
    const [standing] = await findings.standing(cluster);
    assert.deepEqual([standing?.partner, standing?.kind], ['roles', 'gone']);
    // What was only late comes, and is found no more.
    await metering.ingest(
      [
        role(other, 2, 'stop', 'node-standby', 5),
        role(other, 2, 'start', 'node-active', 5),
        role(never, 1, 'start', 'node-standby', 1),
        role(running, 2, 'stop', 'node-active', 6),
        role(since, 1, 'start', 'node-standby', 1),
        { ...role('00000000-0000-4000-8000-000000000009', 2, 'stop', 'hub', 2) },
        fact(partner, 'ghost ends', 2, 'account-gone', { kind: 'stop', meter: 'mailbox', label: 'gone@x.example' }),
      ],
      'internal',
    );
    await tomorrow();
    assert.deepEqual(await said(partner), [
      // Its id was used for another instant: a conflict, and somebody has to look.
      `role node-standby node-standby since ${at(1)} node-standby since ${at(2)}`,
    ]);
  });

  it('10 finds a node counted while it was down, and one not counted that was up', async () => {
    const partner = await newPartner('lives');
    const role = (id: string, turn: 'start' | 'stop', hours: number) =>
      fact(partner, `${id}~${turn}~${hours}`, hours, id, { kind: turn, meter: 'node-active' });
    const news = (id: string, kind: string, hours: number) =>
      database.query(
        'INSERT INTO cluster_event (cluster_id, partner_id, kind, subject, at) VALUES ($1, $2, $3, $4, $5)',
        [...[cluster, partner, kind, id, at(hours)]],
      );
    const base = (clock.now() - (clock.now() % DAY) - DAY - START) / 3_600_000;
    await metering.ingest(
      [
        // Well: down for two hours, and not counted then.
        ...[role('well', 'start', base), role('well', 'stop', base + 4), role('well', 'start', base + 6)],
        // Down, and counted on.
        role('ghost', 'start', base),
        // Not counted for two hours that nobody knows of.
        ...[role('lost', 'start', base), role('lost', 'stop', base + 4), role('lost', 'start', base + 6)],
      ],
      'internal',
    );
    for (const id of ['well', 'ghost']) {
      await news(id, 'nodeDown', base + 4);
      await news(id, 'nodeUp', base + 6);
    }
    await database.query(`UPDATE partner SET created_at = $2 WHERE id = $1`, [partner, at(base)]);
    await run();
    const found = (await findings.list({ partnerId: partner, onlyOpen: true, limit: 50 })).filter(
      ({ kind }) => kind === 'lifetime',
    );
    assert.deepEqual(
      found
        .map(({ subject, started, ended }) => [
          subject,
          new Date(started).toISOString(),
          new Date(ended ?? 0).toISOString(),
        ])
        .sort(),
      [
        ['ghost', at(base + 4), at(base + 6)],
        ['lost', at(base + 4), at(base + 6)],
      ],
    );
  });

  it('shows a partner nothing of another’s', async () => {
    const [mine] = await database.query<{ id: string }>(`SELECT id FROM partner WHERE slug = 'well'`);
    const seen = await database.asPartner(mine!.id, async (client) => [
      (await client.query('SELECT FROM usage_finding')).rowCount,
      (await client.query('SELECT FROM reconcile_run WHERE partner_id <> $1', [mine!.id])).rowCount,
    ]);
    assert.deepEqual(seen, [0, 0]);
  });
});
