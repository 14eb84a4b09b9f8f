import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { type CallOf, ROUTES } from '#api-schema';
import type { Caller } from '../api-fixture.spec.ts';
import { cloudEvent, meterWorld, send } from './meter-world.spec.ts';

type Price = CallOf<typeof ROUTES.publishPriceList>['body']['components'][number]['price'];

const DAY = 86_400_000;
const january = (day: number, hour = 9): string => new Date(Date.UTC(2026, 0, day, hour)).toISOString();
const VOLUME: Price = {
  model: 'volume',
  tiers: [
    { upTo: '100', price: '10' },
    { upTo: '200', price: '9' },
    { upTo: null, price: '8' },
  ],
};
const GRADUATED: Price = {
  model: 'graduated',
  tiers: [
    { upTo: '10000', price: '0' },
    { upTo: '100000', price: '0.0004' },
    { upTo: null, price: '0.00025' },
  ],
};

describe('add-on meters on bills', () => {
  let world: Awaited<ReturnType<typeof meterWorld>>;
  const partners = new Map<string, Caller>();
  const of = (slug: string): Caller => partners.get(slug) as Caller;
  before(async () => {
    world = await meterWorld(january(31, 23));
    for (const slug of ['rich', 'charge', 'credit', 'tiers', 'commit', 'changed'])
      partners.set(slug, await world.oldPartner(slug));
  });
  after(() => world[Symbol.asyncDispose]());

  const preview = (slug: string, month = '2026-01') =>
    of(slug).done(ROUTES.previewInvoice, { params: { partner: slug }, query: { month } });

  it('are measured as they aggregate and priced by every model', async () => {
    const rich = of('rich');
    const aggregations = { added: 'sum', times: 'count', most: 'max', different: 'unique', held: 'level' } as const;
    for (const [code, aggregation] of Object.entries(aggregations)) await world.meter(rich, code, { aggregation });
    await world.meter(rich, 'any-use');
    await world.price('rich', [
      { id: 'added', price: { model: 'unit', price: '0.333' } },
      { id: 'times', price: { model: 'package', size: '2', price: '1.50' } },
      { id: 'most', measure: 'maximum', price: VOLUME },
      { id: 'different', measure: 'unique', price: GRADUATED },
      { id: 'held', measure: 'level', price: { model: 'unit', price: '2' } },
      { id: 'any-use', price: { model: 'flat', amount: '4.90' } },
    ]);
    await send(rich, [
      cloudEvent('1', 'added', january(2), '1.5'),
      cloudEvent('2', 'added', january(20), 2.25, 'tenant-2'),
      cloudEvent('3', 'times', january(3)),
      cloudEvent('4', 'times', january(3)),
      cloudEvent('5', 'times', january(4), undefined, 'tenant-2'),
      cloudEvent('6', 'most', january(5), 70),
      cloudEvent('7', 'most', january(6), 30),
      cloudEvent('8', 'most', january(6), 40, 'tenant-2'),
      cloudEvent('9', 'different', january(7), 'ann'),
      cloudEvent('10', 'different', january(8), 'bob'),
      cloudEvent('11', 'different', january(9), 'ann'),
      cloudEvent('12', 'different', january(9), 'ann', 'tenant-2'),
      // 31 for the last 16 of 31 days: 16 on average. What was before January counts not, its level does.
      cloudEvent('13', 'held', '2025-12-30T00:00:00Z', 0),
      cloudEvent('14', 'held', '2026-01-16T00:00:00Z', 31),
      cloudEvent('15', 'any-use', january(30), 1),
    ]);
    world.clock.advance(2 * 3_600_000);
    const { lines } = await preview('rich');
    assert.deepEqual(
      lines.map(({ description, kind, quantity, amountMinor }) => [description, kind, quantity, amountMinor]),
      [
        ['added', 'add-on', '3.75', 125],
        ['times', 'add-on', '3', 300],
        // 70 + 40 = 110: the second tier prices all of it.
        ['most', 'add-on', '110', 99_000],
        ['different', 'add-on', '3', 0],
        ['held', 'add-on', '16', 3_200],
        ['any-use', 'add-on', '1', 490],
      ],
    );
    // Each line leads to what is behind it, and adds up to it.
    const quantities: string[] = [];
    for (const { evidence } of lines) {
      const page = (await rich.send('GET', evidence)).body as { items: Record<string, unknown>[] };
      assert.ok(page.items.length > 0, evidence);
      quantities.push(page.items.map((item) => item['quantity'] ?? item['value']).join(' '));
    }
    assert.deepEqual(quantities, ['1.5 2.25', '2 1', '70 30 40', '1 1 1 1', '0 31', '1']);
    const { lines: counted } = await rich.done(ROUTES.showUsage, { query: { month: '2026-01' } });
    assert.deepEqual(
      counted.map(({ meter, quantity, subjects }) => [meter, quantity, subjects]),
      [
        ['added', '3.75', 2],
        ['any-use', '1', 1],
        ['different', '3', 2],
        ['held', '16', 1],
        ['most', '110', 2],
        ['times', '3', 2],
      ],
    );
  });

  it('14 volume: 90 billed 90000, 20 late are 9000 on the next invoice; 100 billed 100000, 1 late gives back 9100', async () => {
    for (const [slug, value] of [
      ['charge', 90],
      ['credit', 100],
    ] as const) {
      await world.meter(of(slug), 'cases');
      await world.price(slug, [{ id: 'cases', price: VOLUME }]);
      await send(of(slug), [cloudEvent('first', 'cases', january(10), value)]);
    }
    await world.tick();
    world.clock.advance(DAY);
    await world.tick();
    assert.equal((await world.invoice(of('charge'), 'charge', '2026-01')).netMinor, 90_000);
    assert.equal((await world.invoice(of('credit'), 'credit', '2026-01')).netMinor, 100_000);
    await send(of('charge'), [cloudEvent('late', 'cases', january(11), 20)]);
    await send(of('credit'), [cloudEvent('late', 'cases', january(11), 1)]);
    await world.tick();
    const { items } = await of('credit').done(ROUTES.listCreditNotes, { params: { partner: 'credit' } });
    assert.deepEqual(
      items.map(({ netMinor }) => netMinor),
      [9_100],
    );
    world.clock.advance(29 * DAY);
    await world.tick();
    world.clock.advance(DAY);
    await world.tick();
    const { lines } = await world.invoice(of('charge'), 'charge', '2026-02');
    assert.deepEqual(
      lines.map(({ serviceMonth, amountMinor }) => [serviceMonth, amountMinor]),
      [['2026-01', 9_000]],
    );
  });

  it('14 graduated: 99990 becomes 100010, nothing owed, no line; late use under a commitment owes nothing', async () => {
    await world.meter(of('tiers'), 'cases');
    await world.price('tiers', [{ id: 'cases', price: GRADUATED }], '2026-03-01');
    await send(of('tiers'), [cloudEvent('first', 'cases', '2026-03-02T09:00:00Z', 99_990)]);
    await world.meter(of('commit'), 'cases');
    await world.price('commit', [{ id: 'cases', price: { model: 'unit', price: '1' } }], '2026-03-01');
    const [{ id = '' } = {}] = await world.database.query<{ id: string }>(
      `SELECT id FROM partner WHERE slug = 'commit'`,
    );
    await world.database.query(`INSERT INTO commitment (partner_id, amount, started) VALUES ($1, 600, '2026-01-01')`, [
      id,
    ]);
    await send(of('commit'), [cloudEvent('first', 'cases', '2026-03-02T09:00:00Z', '584.43')]);
    world.clock.advance(32 * DAY);
    await world.tick();
    world.clock.advance(DAY);
    await world.tick();
    const billed = async (slug: string) =>
      (await world.invoice(of(slug), slug, '2026-03')).lines.map((line) => line.amountMinor);
    assert.deepEqual(await billed('tiers'), [3_600]);
    assert.deepEqual(await billed('commit'), [58_443, 1_557]);
    await send(of('tiers'), [cloudEvent('late', 'cases', '2026-03-03T09:00:00Z', 20)]);
    await send(of('commit'), [cloudEvent('late', 'cases', '2026-03-03T09:00:00Z', 10)]);
    await world.tick();
    for (const slug of ['tiers', 'commit']) {
      const [runs] = await world.database.query<{ runs: number; charges: number; notes: number }>(
        `SELECT count(*)::int AS runs, (SELECT count(*)::int FROM late_charge WHERE partner_id = partner.id) AS charges,
           (SELECT count(*)::int FROM credit_note WHERE partner_id = partner.id) AS notes
         FROM rating_run JOIN partner ON partner.id = partner_id WHERE slug = $1 AND month = '2026-03' GROUP BY partner.id`,
        [slug],
      );
      assert.deepEqual({ ...runs }, { runs: 3, charges: 0, notes: 0 }, slug);
    }
  });

  it('peaks and different items are weighted by the days their price held, and are the whole when it did not change', async () => {
    const changed = of('changed');
    await world.meter(changed, 'seats', { aggregation: 'max' });
    await world.meter(changed, 'users', { aggregation: 'unique' });
    const components = [
      { id: 'seats', measure: 'maximum', price: { model: 'unit', price: '3' } },
      { id: 'users', measure: 'unique', price: { model: 'unit', price: '3' } },
    ] as const;
    await world.price('changed', [...components], '2026-04-01');
    const at = (day: number): string => `2026-04-${String(day).padStart(2, '0')}T12:00:00Z`;
    world.clock.advance(Date.parse('2026-05-01T01:00:00Z') - world.clock.now());
    await send(changed, [
      cloudEvent('seats 5', 'seats', at(5), 10),
      cloudEvent('seats 15', 'seats', at(15), 10),
      cloudEvent('ann 5', 'users', at(5), 'ann'),
      cloudEvent('ann 15', 'users', at(15), 'ann'),
      cloudEvent('bob', 'users', at(15), 'bob'),
    ]);
    const amounts = async () =>
      (await preview('changed', '2026-04')).lines.map((line) => [line.quantity, line.amountMinor]);
    assert.deepEqual(await amounts(), [
      ['10', 3_000],
      ['2', 600],
    ]);
    const body = {
      partner: 'changed',
      name: 'Agreed',
      currency: 'EUR',
      components: components.map((component) => ({
        ...component,
        meters: [component.id],
        kind: 'add-on' as const,
        description: component.id,
        unit: 'unit',
      })),
    };
    const { id } = await world.operator.done(ROUTES.publishPriceList, { body });
    const change = { params: { partner: 'changed' }, body: { version: id, from: '2026-04-11T00:00:00Z' } };
    await world.operator.done(ROUTES.changeSubscription, change);
    // 10 · 10/30 and 10 · 20/30; 1 · 10/30 and 2 · 20/30.
    assert.deepEqual(await amounts(), [
      ['3.333333', 1_000],
      ['0.333333', 100],
      ['6.666667', 2_000],
      ['1.333333', 400],
    ]);
  });

  it('are not priced by what they are not, nor by whom they are not', async () => {
    const publish = (component: object, partner?: string) =>
      world.operator.refused(ROUTES.publishPriceList, {
        body: {
          ...(partner ? { partner } : {}),
          name: 'Wrong',
          currency: 'EUR',
          components: [
            {
              id: 'x',
              kind: 'add-on',
              description: 'x',
              unit: 'x',
              price: { model: 'unit', price: '1' },
              ...component,
            } as never,
          ],
        },
      });
    assert.equal(await publish({ meters: ['seats'], measure: 'total' }, 'changed'), 'invalid_value');
    assert.equal(await publish({ meters: ['seats'], measure: 'maximum' }, 'rich'), 'invalid_value');
    assert.equal(await publish({ meters: ['seats'], measure: 'maximum' }), 'invalid_value');
    assert.equal(await publish({ meters: ['mailbox'], measure: 'total' }), 'invalid_value');
    const version = '00000000-0000-4000-8000-00000000dead';
    const change = { params: { partner: 'rich' }, body: { version } };
    assert.equal(await world.operator.refused(ROUTES.changeSubscription, change), 'price_list_not_found');
    assert.equal(await of('rich').refused(ROUTES.changeSubscription, change), 'forbidden');
  });
});
