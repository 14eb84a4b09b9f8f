import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { ROUTES } from '#api-schema';
import type { Caller } from '../api-fixture.spec.ts';
import { cloudEvent, meterWorld, send, words } from './meter-world.spec.ts';

const NOON = '2026-03-15T12:00:00.000Z';
const minutes = (n: number): string => new Date(Date.parse(NOON) + n * 60_000).toISOString();

describe('add-on meters over the API', () => {
  let world: Awaited<ReturnType<typeof meterWorld>>;
  let acme: Caller;
  let rival: Caller;
  let agent: Caller;
  before(async () => {
    world = await meterWorld(NOON);
    acme = await world.oldPartner('acme');
    rival = await world.oldPartner('rival');
    agent = await world.oldPartner('acme', ['usage']);
    await world.meter(acme, 'backups');
    await world.meter(acme, 'seats', { aggregation: 'max' });
    await world.meter(acme, 'scans', { subjects: 'mailbox' });
  });
  after(() => world[Symbol.asyncDispose]());

  const used = async (caller: Caller, meter: string): Promise<string | undefined> =>
    (await caller.done(ROUTES.showUsage, {})).lines.find((line) => line.meter === meter)?.quantity;
  const codes = async (caller: Caller): Promise<string[]> =>
    (await caller.done(ROUTES.listMeters, {})).items.map(({ code }) => code);

  it('15 ids a, b, a of 500 each count 1000; the same id with another body is 409 and uncounted', async () => {
    const batch = ['a', 'b', 'a'].map((id) => cloudEvent(id, 'backups', NOON, 500));
    assert.deepEqual(words(await send(agent, batch)), ['accepted', 'accepted', 'duplicate']);
    assert.equal(await used(acme, 'backups'), '1000');
    const other = cloudEvent('a', 'backups', NOON, 501);
    assert.equal(await agent.refused(ROUTES.sendUsageEvents, { body: other }), 'event_conflict');
    const { outcomes, rejected } = await send(agent, [other, cloudEvent('b', 'backups', NOON, 500)]);
    assert.deepEqual(
      outcomes.map(({ id, outcome, status }) => [id, outcome, status]),
      [
        ['a', 'conflict', 409],
        ['b', 'duplicate', 200],
      ],
    );
    assert.equal(rejected, 1);
    assert.equal(await used(acme, 'backups'), '1000');
  });

  it('15 four minutes ahead are accepted, six are not', async () => {
    const answer = await send(agent, [
      cloudEvent('+4', 'backups', minutes(4), 1),
      cloudEvent('+6', 'backups', minutes(6), 1),
      cloudEvent('-401 d', 'backups', minutes(-401 * 1_440), 1),
    ]);
    assert.deepEqual(words(answer), ['accepted', 'future', 'tooOld']);
    // Refused, it is not remembered as counted: it may be sent again when its time has come.
    world.clock.advance(120_000);
    assert.deepEqual(words(await send(agent, [cloudEvent('+6', 'backups', minutes(6), 1)])), ['accepted']);
    assert.equal(await used(acme, 'backups'), '1002');
  });

  it('15 the order of arrival changes nothing', async () => {
    await world.meter(acme, 'slots', { aggregation: 'level' });
    const [on, off] = [cloudEvent('on', 'slots', minutes(-120), 6), cloudEvent('off', 'slots', minutes(-60), 0)];
    await send(agent, [off]);
    await send(agent, [on]);
    const { items } = await acme.done(ROUTES.listUsageLevels, {
      params: { partner: 'acme' },
      query: { meter: 'slots' },
    });
    assert.deepEqual(
      items.map(({ value, counted }) => [value, counted.seconds]),
      [
        ['6', 3_600],
        ['0', items[1]?.counted.seconds],
      ],
    );
  });

  it('judges each event by itself, in order, and says why', async () => {
    const fine = cloudEvent('x1', 'backups', NOON, '2.5');
    const { specversion: _, ...headless } = fine;
    const answer = await send(agent, [
      fine,
      7,
      headless,
      { ...fine, id: '' },
      { ...fine, time: 'yesterday' },
      { ...fine, data: 'five' },
      { ...fine, datacontenttype: 'text/plain' },
      { ...fine, data_base64: 'NQ==' },
      cloudEvent('x2', 'nothing', NOON, 1),
      cloudEvent('x3', 'messages-in', NOON, 1),
      cloudEvent('x4', 'backups', NOON),
      cloudEvent('x5', 'backups', NOON, -1),
      cloudEvent('x6', 'backups', NOON, '1e3'),
      cloudEvent('x7', 'backups', NOON, 2 ** 60),
      cloudEvent('x8', 'scans', NOON, 1, 'nobody@acme.example'),
      { ...fine, id: 'x9', traceparent: 'an extension', data: { value: 1, label: 'Tenant One' } },
    ]);
    assert.deepEqual(words(answer), [
      ...['accepted', ...Array<string>(7).fill('invalid'), 'unknownMeter', 'unknownMeter'],
      ...['badValue', 'badValue', 'badValue', 'invalid', 'unknownSubject', 'accepted'],
    ]);
    assert.match(answer.outcomes[4]?.detail ?? '', /time/);
    assert.equal(answer.outcomes[1]?.id, null);
    assert.equal(
      await agent.refused(ROUTES.sendUsageEvents, { body: cloudEvent('x2', 'nothing', NOON, 1) }),
      'invalid_value',
    );
    const kept = await world.database.query<{ reason: string; refused: boolean }>(
      `SELECT reason, refused FROM usage_quarantine WHERE reason IN ('unknownMeter', 'unknownSubject', 'badValue')`,
    );
    assert.equal(kept.length, 6);
    assert.ok(kept.every(({ refused }) => refused));
  });

  it('lets nobody send, see or spoil what is another’s', async () => {
    const stolen = await send(rival, [cloudEvent('r1', 'backups', NOON, 9)]);
    assert.deepEqual(words(stolen), ['unknownMeter']);
    const query = { partner: 'acme' };
    const foreign = { query, body: cloudEvent('r2', 'backups', NOON, 9) };
    assert.equal(await rival.refused(ROUTES.sendUsageEvents, foreign), 'partner_not_found');
    assert.equal(await rival.refused(ROUTES.listMeters, { query }), 'partner_not_found');
    const meter = { params: { meter: 'backups' } };
    assert.equal(await rival.refused(ROUTES.archiveMeter, meter), 'meter_not_found');
    assert.equal(await rival.refused(ROUTES.archiveMeter, { ...meter, query }), 'partner_not_found');
    assert.deepEqual(await codes(rival), []);
    // The same code, source and id are another event of another partner.
    await world.meter(rival, 'backups');
    assert.deepEqual(words(await send(rival, [cloudEvent('a', 'backups', NOON, 3)])), ['accepted']);
    assert.equal(await used(rival, 'backups'), '3');
    // A mailbox of another's is nobody.
    const password = 'correct horse battery staple';
    await acme.done(ROUTES.createAccount, { body: { email: 'ann@acme.example', password } });
    await world.meter(rival, 'scans', { subjects: 'mailbox' });
    const ann = cloudEvent('s1', 'scans', NOON, 1, 'Ann@acme.example');
    assert.deepEqual(words(await send(rival, [ann])), ['unknownSubject']);
    assert.deepEqual(words(await send(agent, [ann])), ['accepted']);
    // No source takes the key of what the cluster will say one day.
    await send(rival, [{ ...cloudEvent('node~1~active', 'backups', NOON, 1), source: 'cluster' }]);
    const keys = await world.database.query(`SELECT FROM usage_event_key WHERE source = 'cluster'`);
    assert.equal(keys.length, 0);
  });

  it('knows what was counted for ever, also when its mailbox is gone and its meter archived', async () => {
    const ann = cloudEvent('s1', 'scans', NOON, 1, 'Ann@acme.example');
    await acme.done(ROUTES.deleteAccount, { params: { account: 'ann@acme.example' } });
    assert.deepEqual(words(await send(agent, [ann, { ...ann, id: 's2' }])), ['duplicate', 'unknownSubject']);
    await acme.done(ROUTES.archiveMeter, { params: { meter: 'scans' } });
    assert.deepEqual(words(await send(agent, [ann, { ...ann, id: 's2' }])), ['duplicate', 'unknownMeter']);
    assert.equal(await used(acme, 'scans'), '1');
    world.clock.advance(500 * 86_400_000);
    assert.deepEqual(words(await send(agent, [ann])), ['duplicate']);
    world.clock.advance(-500 * 86_400_000);
    assert.equal(
      await acme.refused(ROUTES.createMeter, { body: { code: 'scans', name: 'x', unit: 'x', aggregation: 'sum' } }),
      'conflict',
    );
  });

  it('has meters of the operator’s, for every partner', async () => {
    await world.meter(world.operator, 'archive-gb', { aggregation: 'level' });
    assert.ok((await codes(rival)).includes('archive-gb'));
    assert.deepEqual(words(await send(rival, [cloudEvent('ag', 'archive-gb', NOON, '1.5')])), ['accepted']);
    const body = { code: 'archive-gb', name: 'x', unit: 'x', aggregation: 'sum' } as const;
    assert.equal(await rival.refused(ROUTES.createMeter, { body }), 'conflict');
    assert.equal(await rival.refused(ROUTES.archiveMeter, { params: { meter: 'archive-gb' } }), 'meter_not_found');
    const builtIn = { body: { ...body, code: 'mailbox' } };
    assert.equal(await acme.refused(ROUTES.createMeter, builtIn), 'conflict');
    // Nor does the operator take a code that some partner uses.
    assert.equal(await world.operator.refused(ROUTES.createMeter, { body: { ...body, code: 'backups' } }), 'conflict');
    const named = { query: { partner: 'acme' }, body: cloudEvent('by operator', 'backups', NOON, 1) };
    assert.equal((await world.operator.done(ROUTES.sendUsageEvents, named)).accepted, 1);
    assert.equal(await world.operator.refused(ROUTES.sendUsageEvents, { body: named.body }), 'invalid_value');
  });

  it('a usage key sends and does nothing else; a reading key does not send', async () => {
    for (const route of [ROUTES.listMeters, ROUTES.showUsage, ROUTES.listDomains])
      assert.equal(await agent.refused(route, {}), 'forbidden');
    const reader = await world.oldPartner('acme', ['read']);
    const body = cloudEvent('no', 'backups', NOON, 1);
    assert.equal(await reader.refused(ROUTES.sendUsageEvents, { body }), 'forbidden');
    const keyed = await acme.done(ROUTES.createApiKey, { body: { name: 'agent', scopes: ['usage'] } });
    assert.deepEqual(keyed.scopes, ['usage']);
  });

  it('takes CloudEvents in JSON, structured and batched, within limits', async () => {
    const post = (type: string, body: string) =>
      agent.send('POST', '/api/v1/usage/events', { headers: { 'content-type': type }, body });
    const event = cloudEvent('typed', 'backups', NOON, 1);
    const one = await post('application/cloudevents+json; charset=utf-8', JSON.stringify(event));
    assert.deepEqual([one.status, (one.body as { accepted: number }).accepted], [200, 1]);
    assert.equal((await post('application/json', JSON.stringify(event))).problem?.code, 'unsupported_media_type');
    assert.equal((await post('application/cloudevents+json', '{')).problem?.code, 'malformed_json');
    assert.equal((await post('application/cloudevents-batch+json', '[]')).problem?.code, 'invalid_request');
    const many = Array.from({ length: 1_001 }, (_, n) => cloudEvent(`many ${n}`, 'backups', NOON, 1));
    const batch = 'application/cloudevents-batch+json';
    assert.equal((await post(batch, JSON.stringify(many))).problem?.code, 'body_too_large');
    const huge = many.slice(0, 10).map((item) => ({ ...item, note: 'x'.repeat(200_000) }));
    assert.equal((await post(batch, JSON.stringify(huge))).problem?.code, 'body_too_large');
    assert.equal((await send(agent, many.slice(0, 1_000))).accepted, 1_000);
    assert.equal((await send(agent, many.slice(0, 1_000))).duplicates, 1_000);
    const elsewhere = await agent.send('POST', '/api/v1/meters', { headers: { 'content-type': batch }, body: '[]' });
    assert.equal(elsewhere.problem?.code, 'unsupported_media_type');
  });

  it('counts once what two senders send at the same time', async () => {
    const batch = Array.from({ length: 200 }, (_, n) => cloudEvent(`twice ${n}`, 'seats', NOON, n));
    const answers = await Promise.all([send(agent, batch), send(agent, batch.toReversed()), send(acme, batch)]);
    assert.equal(
      answers.reduce((sum, { accepted }) => sum + accepted, 0),
      200,
    );
    assert.equal(
      answers.reduce((sum, { duplicates }) => sum + duplicates, 0),
      400,
    );
    assert.equal(await used(acme, 'seats'), '199');
  });
});
