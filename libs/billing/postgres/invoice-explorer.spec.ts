import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { add, decimal, formatDecimal, type Ratio, ratio, sum } from '#billing/rating';
import { PostgresUsageReader } from '#metering';
import { billingWorld, fact, goldenTerms, goldenUsage, newPartner, received, role, stored } from './golden.spec.ts';
import { Catalogue, InvoiceExplorer, type NewComponent, Subscriptions } from './index.ts';

const DAY = 86_400_000;
const exact = (text: string): Ratio => {
  const [num, den = '1'] = text.split('/');
  return ratio(BigInt(num!), BigInt(den));
};

describe('the invoice explorer', () => {
  let world: Awaited<ReturnType<typeof billingWorld>>;
  let explorer: InvoiceExplorer;
  before(async () => {
    world = await billingWorld('2026-02-01T00:10:00Z');
    explorer = new InvoiceExplorer(
      world.database,
      world.accounts,
      world.rating,
      new PostgresUsageReader(world.database),
    );
  });
  after(() => world[Symbol.asyncDispose]());

  const tick = async (): Promise<void> => {
    for (const due of await world.closing.due(10)) await world.closing.close(due);
    for (const closed of await world.late.due(10)) await world.late.settle(closed);
    for (const id of await world.finalization.due(10)) await world.finalization.finalize(id);
  };
  const invoicesOf = (partner: string) =>
    world.database.query<{ id: string; month: string; net_minor: string; tax_minor: string }>(
      'SELECT id, month, net_minor, tax_minor FROM invoice WHERE partner_id = $1 ORDER BY month',
      [partner],
    );
  /** What holds of every line whatever it is about. */
  async function sound(partner: string, invoice: string): Promise<Awaited<ReturnType<typeof explorer.explore>>> {
    const lines = await explorer.explore(partner, invoice);
    const rows = await world.database.query<{
      position: number;
      quantity: string;
      discount_minor: string;
      tax_minor: string;
    }>('SELECT * FROM invoice_line WHERE invoice_id = $1 ORDER BY position', [invoice]);
    assert.equal(lines.length, rows.length);
    for (const [index, { position, line, quantity, evidence }] of lines.entries()) {
      const row = rows[index]!;
      assert.equal(position, row.position);
      assert.deepEqual(sum(evidence.map((one) => one.quantity)), exact(quantity), line.component);
      assert.equal(formatDecimal(exact(quantity), 6), row.quantity);
      const amounts = (kinds: RegExp): bigint =>
        evidence.filter(({ kind }) => kinds.test(kind)).reduce((total, { minor }) => total + (minor ?? 0n), 0n);
      assert.equal(amounts(/^discount$/), -BigInt(row.discount_minor), `${line.component}: discount`);
      assert.equal(amounts(/^tax$/), BigInt(row.tax_minor), `${line.component}: tax`);
      if (evidence.some(({ kind }) => /^(commitment|late)/.test(kind)))
        assert.equal(amounts(/^(commitment|counted|late)/), line.minor, `${line.component}: amounts`);
    }
    return lines;
  }

  it('leads from every line of the golden month to facts that sum to it: every meter, true-up, coupon, tax', async () => {
    const partner = await newPartner(world.database, 'golden', '2026-01-01T00:00:00Z');
    await goldenTerms(world.database, world.payments, partner);
    await world.metering.ingest(goldenUsage(partner), 'internal');
    await tick();
    await world.clock.advance(DAY);
    await tick();
    const [invoice] = await invoicesOf(partner);
    const lines = await sound(partner, invoice!.id);
    assert.deepEqual(
      lines.map(({ line, evidence }) => [line.component, evidence.length]),
      [
        ['hub-hours', 3],
        ['node-hours-active', 4],
        ['node-hours-standby', 4],
        ['mailboxes', 152],
        ['storage-hot', 3],
        ['messages', 27],
        ['commitment-1', 9],
      ],
    );
    const messages = lines[5]!.evidence[0]!;
    assert.deepEqual(
      [new Date(messages.from).toISOString(), messages.to - messages.from, messages.resource],
      ['2026-01-01T09:00:00.000Z', 3_600_000, 'mx'],
    );
    // What is counted later changes nothing of what is shown.
    await world.metering.ingest([fact(partner, 'later', '2026-01-20T10:00:00Z', 'mx', received(70_000))], 'internal');
    const again = new InvoiceExplorer(
      world.database,
      world.accounts,
      world.rating,
      new PostgresUsageReader(world.database),
    );
    assert.deepEqual(await again.explore(partner, invoice!.id), lines);
    assert.deepEqual(await explorer.explore(partner, invoice!.id, 6), [lines[5]]);
    assert.deepEqual(await explorer.explore(partner, invoice!.id, 99), []);
    const other = await newPartner(world.database, 'other', '2026-01-01T00:00:00Z');
    assert.deepEqual(await explorer.explore(other, invoice!.id), []);
  });

  it('a line counted late leads to before, after and the late events', async () => {
    const partner = await newPartner(world.database, 'late', '2026-01-01T00:00:00Z');
    await world.metering.ingest([fact(partner, 'm1', '2026-01-09T10:00:00Z', 'mx', received(50_000))], 'internal');
    await tick();
    await world.clock.advance(DAY);
    await tick();
    await world.metering.ingest(
      [
        fact(partner, 'm2', '2026-01-20T10:00:00Z', 'mx', received(30_000)),
        fact(partner, 'm3', '2026-02-02T10:00:00Z', 'mx', received(5)),
      ],
      'internal',
    );
    await tick();
    await world.clock.advance(30 * DAY);
    await tick();
    await world.clock.advance(2 * DAY);
    await tick();
    const [, february] = await invoicesOf(partner);
    const lines = await sound(partner, february!.id);
    const late = lines.find(({ line }) => line.serviceMonth === '2026-01');
    assert.deepEqual(late?.evidence.map(({ kind, minor, resource }) => [kind, minor, resource]).slice(0, 3), [
      ['lateAfter', 2_800n, 'messages@00000000-0000-4000-8000-000000000001'],
      ['lateBefore', -1_600n, 'messages@00000000-0000-4000-8000-000000000001'],
      ['lateEvent', null, 'mx'],
    ]);
    assert.match(late!.evidence[2]!.detail, /^counter 30000, event \d+$/);
  });

  it('fees and a price that changes in a zone whose midnights lie between hours', async () => {
    const partner = await newPartner(world.database, 'kathmandu', '2026-03-31T18:15:00Z');
    await world.database.query(`UPDATE partner SET time_zone = 'Asia/Kathmandu' WHERE id = $1`, [partner]);
    const catalogue = new Catalogue(world.database);
    const publish = async (price: string): Promise<string> => {
      const base = { description: 'x', unit: 'unit' };
      const components: NewComponent[] = [
        { ...base, id: 'fee', kind: 'fee', measure: 'none', meters: [], price: { model: 'flat', amount: '10.00' } },
        { ...base, id: 'hub', kind: 'hub-hours', measure: 'hours', meters: ['hub'], price: { model: 'unit', price } },
        {
          ...base,
          id: 'mx',
          kind: 'messages',
          measure: 'total',
          meters: ['messages-in'],
          price: { model: 'unit', price },
        },
        {
          ...base,
          id: 'gb',
          kind: 'gb-hours',
          measure: 'gigabyte-months',
          meters: ['storage-bytes'],
          price: { model: 'unit', price },
        },
        {
          ...base,
          id: 'peak',
          kind: 'mailboxes',
          measure: 'peak',
          meters: ['mailbox'],
          price: { model: 'unit', price },
        },
      ];
      const made = await catalogue.publish({ partnerId: partner, name: 'Own', currency: 'EUR', components });
      assert(made.ok);
      return made.value;
    };
    const subscriptions = new Subscriptions(world.database, world.clock);
    assert((await subscriptions.change(partner, await publish('0.11'), Date.parse('2026-03-31T18:15:00Z'), 'test')).ok);
    assert((await subscriptions.change(partner, await publish('0.07'), Date.parse('2026-04-11T20:00:00Z'), 'test')).ok);
    const own = (id: string, at: string, subject: string, rest: Parameters<typeof fact>[4]) =>
      fact(partner, id, at, subject, rest);
    await world.clock.advance(Date.parse('2026-05-02T00:00:00Z') - world.clock.now());
    const given = await world.metering.ingest(
      [
        own('h', '2026-04-02T00:00:00Z', 'h1', role('start', 'hub')),
        own('u', '2026-04-02T00:00:00Z', 'u1', role('start', 'mailbox', 'u1@k.example')),
        own('v', '2026-04-12T00:00:00Z', 'u2', role('start', 'mailbox', 'u2@k.example')),
        own('s', '2026-04-02T00:00:00Z', 'v1', stored(7_000_000_001)),
        // 18:15Z on the 11th is midnight in Kathmandu: both lie in one hour and on two sides of the change.
        own('a', '2026-04-11T18:14:59Z', 'mx', received(100)),
        own('b', '2026-04-11T18:15:00Z', 'mx', received(7)),
      ],
      'internal',
    );
    assert.equal(given.rejected, 0);
    await tick();
    await world.clock.advance(DAY);
    await tick();
    const invoice = (await invoicesOf(partner)).find(({ month }) => month === '2026-04');
    const lines = await sound(partner, invoice!.id);
    const fees = lines.filter(({ line }) => line.component === 'fee');
    assert.deepEqual(
      fees.map(({ evidence }) => evidence[0]!.detail),
      ['11 of 30 dates', '19 of 30 dates'],
    );
    assert.deepEqual(
      lines.filter(({ line }) => line.component === 'mx').map(({ quantity }) => quantity),
      ['100', '7'],
    );
    assert.deepEqual(add(exact(fees[0]!.quantity), exact(fees[1]!.quantity)), decimal('1'));
  });
});
