import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type ClusterEvent, type ClusterSnapshot, DEFAULT_FILL_LIMITS, HEALTH_UNKNOWN } from '#cluster/api';
import { Database } from '#database';
import { RELEASE, silentLogger, systemRandom } from '#stdx';
import { SimulatedClock, testDatabase } from '#testing';
import { AlertBook } from './alert-book.ts';
import { AlertChannels } from './alert-channels.ts';
import { AlertRound } from './alert-round.ts';
import type { CertificateEnd } from './certificates.ts';

type Snapshot = Omit<ClusterSnapshot, 'moves' | 'drains' | 'failBack' | 'missing' | 'featureRaise'>;

/** A cluster that is what a test says it is, and an operator who hears of it by mail and webhook. */
async function world() {
  const test = await testDatabase();
  const database = new Database({ url: test.url });
  const clock = new SimulatedClock(Date.UTC(2026, 5, 1));
  const [partner] = await database.query<{ id: string }>(
    "INSERT INTO partner (slug, name) VALUES ('acme', 'Acme') RETURNING id",
  );
  const [row] = await database.query<{ id: string }>(
    `INSERT INTO cluster (partner_id, name, key) VALUES ($1, 'east', decode(repeat('00', 32), 'hex')) RETURNING id`,
    [partner!.id],
  );
  const cluster = { id: row!.id, name: 'east', partnerId: partner!.id };
  const book = new AlertBook(database, clock);
  const channels = new AlertChannels(database, systemRandom, clock);
  const mails: { to: string; subject: string; text: string }[] = [];
  const calls: { url: string; alerts: { what: string; kind: string; subject: string }[] }[] = [];
  const answer = { status: 200 };
  const carriers = {
    async mail(message: { to: string; subject: string; text: string }) {
      mails.push(message);
    },
    async call({ url, body }: { url: string; body: string }) {
      calls.push({ url, alerts: JSON.parse(body).alerts });
      return { status: answer.status, failure: null };
    },
  };
  const certificates: CertificateEnd[] = [];
  const round = new AlertRound(book, channels, carriers, async () => certificates, silentLogger);
  const now: { snapshot: Snapshot; events: ClusterEvent[] } = { snapshot: whole(), events: [] };
  const state = {
    snapshot: async () => ({ ...now.snapshot, at: new Date(clock.now()) }) as ClusterSnapshot,
    events: async () => now.events,
  };
  /** Time passes, a round every five seconds. */
  const pass = async (seconds: number): Promise<void> => {
    for (let s = 0; s <= seconds; s += 5) {
      await round.run(cluster, state);
      await clock.advance(5_000);
    }
  };
  return {
    ...{ book, channels, cluster, mails, calls, answer, now, pass, clock, round, state, certificates },
    async [Symbol.asyncDispose]() {
      await database.close();
      await test[Symbol.asyncDispose]();
    },
  };
}

function whole(broken: { node?: 'down' | 'fenced'; hub?: 'down'; volume?: 'opening' | 'failed'; leader?: null } = {}) {
  const seen = new Date(Date.UTC(2026, 4, 31));
  return {
    at: seen,
    leader: broken.leader === null ? undefined : { holderHubId: 'h', epoch: 1, remainingMs: 3_000 },
    hubs: [{ id: 'h', name: 'hub-1', state: broken.hub ?? 'up', lastSeenAt: seen, tlsNotAfter: null, ...RELEASE }],
    nodes: [
      { id: 'n', name: 'node-1', state: broken.node ?? 'active', eligible: true, lastSeenAt: seen, ...RELEASE },
      { id: 's', name: 'node-2', state: 'standby', eligible: true, lastSeenAt: seen, ...RELEASE },
    ],
    volumes: [{ id: 'v', name: 'volume-1', state: broken.volume ?? 'serving', served: true, health: HEALTH_UNKNOWN }],
    fillLimits: DEFAULT_FILL_LIMITS,
    featureLevel: 1,
  } as unknown as Snapshot;
}

const said = (calls: { alerts: { what: string; kind: string; subject: string }[] }[]): string[] =>
  calls.flatMap(({ alerts }) => alerts.map(({ what, kind, subject }) => `${what} ${kind} ${subject}`.trim()));

describe('alerts', () => {
  it('are raised, repeated and resolved, to each channel at its interval', async () => {
    await using w = await world();
    await w.channels.create(w.cluster, { kind: 'mail', target: 'ops@acme.test', repeatMinutes: 10 });
    await w.channels.create(w.cluster, { kind: 'webhook', target: 'https://acme.test/hook', repeatMinutes: 60 });
    await w.pass(10);
    assert.deepEqual([w.mails, w.calls], [[], []]);
    w.now.snapshot = whole({ node: 'down' });
    await w.pass(25 * 60);
    w.now.snapshot = whole();
    await w.pass(60);
    assert.deepEqual(
      w.mails.map(({ subject }) => subject),
      [
        '[east] ALERT: Node node-1 is down, last seen 2026-05-31T00:00:00',
        '[east] STILL: Node node-1 is down, last seen 2026-05-31T00:00:00',
        '[east] STILL: Node node-1 is down, last seen 2026-05-31T00:00:00',
        '[east] over: Node node-1 is down, last seen 2026-05-31T00:00:00',
      ],
    );
    assert.deepEqual(said(w.calls), ['raised nodeDown node-1', 'resolved nodeDown node-1']);
    const [alert] = await w.book.list(w.cluster.id, false, 10);
    assert.ok(alert?.resolvedAt);
    assert.deepEqual(await w.book.list(w.cluster.id, true, 10), []);
  });

  it('are not made of what heals by itself in time', async () => {
    await using w = await world();
    await w.channels.create(w.cluster, { kind: 'webhook', target: 'https://acme.test/hook', repeatMinutes: 60 });
    w.now.snapshot = whole({ volume: 'opening', leader: null });
    await w.pass(5);
    w.now.snapshot = whole();
    await w.pass(10);
    assert.deepEqual(said(w.calls), []);
    w.now.snapshot = whole({ volume: 'opening', leader: null });
    await w.pass(30);
    assert.deepEqual(said(w.calls).sort(), ['raised noLeader', 'raised volumeUnserved volume-1']);
  });

  it('tell what happened once, and not what happened before the channel was there', async () => {
    await using w = await world();
    const event = (id: number, kind: string, detail = {}): ClusterEvent =>
      ({ id, kind, subject: 'v', detail, at: new Date(w.clock.now()), durationMs: 71 }) as unknown as ClusterEvent;
    w.now.events = [event(1, 'takeoverDone'), event(2, 'volumeOpened')];
    await w.pass(5);
    await w.channels.create(w.cluster, { kind: 'webhook', target: 'https://acme.test/hook', repeatMinutes: 1 });
    await w.pass(60);
    assert.deepEqual(said(w.calls), []);
    w.now.events.push(event(3, 'takeoverDone'), event(4, 'takeoverFailed', { reason: 'No room.' }));
    await w.pass(120);
    assert.deepEqual(said(w.calls), ['news failoverDone volume-1', 'news failoverFailed volume-1']);
    const news = (await w.book.list(w.cluster.id, false, 10)).at(-1);
    assert.equal(news?.detail, 'Volume volume-1 was taken over by another node. It took 71 ms.');
  });

  it('are sent again when a webhook refuses, after a while, and its failure is shown', async () => {
    await using w = await world();
    await w.channels.create(w.cluster, { kind: 'webhook', target: 'https://acme.test/hook', repeatMinutes: 60 });
    w.answer.status = 500;
    w.now.snapshot = whole({ hub: 'down' });
    await w.pass(30);
    assert.equal(w.calls.length, 1, 'it rests after a failure');
    assert.equal((await w.channels.list(w.cluster.id))[0]?.failure, 'the webhook answered 500');
    w.answer.status = 204;
    await w.pass(120);
    assert.deepEqual(said(w.calls), ['raised hubDown hub-1', 'raised hubDown hub-1']);
    assert.equal((await w.channels.list(w.cluster.id))[0]?.failure, null);
  });

  it('are told again at once when they become more urgent, and not when less', async () => {
    await using w = await world();
    await w.channels.create(w.cluster, { kind: 'webhook', target: 'https://acme.test/hook', repeatMinutes: 10_080 });
    const issuedAt = new Date(w.clock.now());
    w.certificates.push({ member: 'node-1', issuedAt, notAfter: new Date(w.clock.now() + 1_000_000) });
    // A quarter of 1,000 s is left after 750, a tenth after 900, nothing after 1,000.
    for (const [seconds, times] of [
      [700, 0],
      [100, 1],
      [150, 2],
      [200, 3],
    ] as const) {
      await w.pass(seconds);
      assert.deepEqual(said(w.calls), Array(times).fill('raised certificateExpiring node-1'));
    }
    w.certificates[0] = { member: 'node-1', issuedAt, notAfter: new Date(w.clock.now() + 200_000) };
    await w.pass(20);
    assert.equal(said(w.calls).length, 3);
    w.certificates.length = 0;
    await w.pass(20);
    assert.equal(said(w.calls).at(-1), 'resolved certificateExpiring node-1');
  });

  it('are told by one process when several look', async () => {
    await using w = await world();
    await w.channels.create(w.cluster, { kind: 'webhook', target: 'https://acme.test/hook', repeatMinutes: 60 });
    w.now.snapshot = whole({ volume: 'failed', node: 'fenced' });
    await Promise.all(Array.from({ length: 4 }, () => w.round.run(w.cluster, w.state)));
    assert.deepEqual(said(w.calls).sort(), ['raised nodeFenced node-1', 'raised volumeFailed volume-1']);
  });

  it('tell what others found of it, until they find it no more', async () => {
    await using w = await world();
    await w.channels.create(w.cluster, { kind: 'webhook', target: 'https://acme.test/hook', repeatMinutes: 60 });
    const found = { kind: 'usageSilent', subject: 'acme storage-bytes', detail: 'Nothing was said.' } as const;
    for (const more of [[found], [found], []]) {
      await w.round.run(w.cluster, w.state, more);
      await w.clock.advance(5_000);
    }
    assert.deepEqual(said(w.calls), [
      'raised usageSilent acme storage-bytes',
      'resolved usageSilent acme storage-bytes',
    ]);
  });

  it('know a channel once, and so many of them', async () => {
    await using w = await world();
    const add = (n: number) =>
      w.channels.create(w.cluster, { kind: 'mail', target: `ops${n}@acme.test`, repeatMinutes: 5 });
    const [first] = [await add(0)];
    assert.deepEqual(await add(0), { ok: false, error: 'exists' });
    for (let n = 1; n < 20; n++) assert.ok((await add(n)).ok);
    assert.deepEqual(await add(20), { ok: false, error: 'tooMany' });
    assert.ok(first?.ok && (await w.channels.delete(w.cluster.id, first.value.id)));
    assert.ok((await add(20)).ok);
  });
});
