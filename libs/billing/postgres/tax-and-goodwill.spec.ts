import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { issueCreditNote } from './credit.ts';
import { billingWorld, fact, newPartner, received } from './golden.spec.ts';

const DAY = 86_400_000;

describe('what changes between a month and its bill', () => {
  let world: Awaited<ReturnType<typeof billingWorld>>;
  before(async () => {
    world = await billingWorld('2026-02-01T00:10:00Z');
    await world.database.query(`UPDATE billing_seller SET country = 'DE'`);
  });
  after(() => world[Symbol.asyncDispose]());

  const tick = async (): Promise<void> => {
    for (const due of await world.closing.due(10)) await world.closing.close(due);
    for (const closed of await world.late.due(10)) await world.late.settle(closed);
    for (const id of await world.finalization.due(10)) await world.finalization.finalize(id);
  };
  const invoicesOf = (partner: string) =>
    world.database.query<{ id: string; month: string; net_minor: string; tax_minor: string }>(
      `SELECT id, month, net_minor, tax_minor FROM invoice WHERE partner_id = $1 AND state = 'finalized' ORDER BY month`,
      [partner],
    );
  const use = (partner: string, id: string, at: string, messages: number) =>
    world.metering.ingest([fact(partner, id, at, 'mx', received(messages))], 'internal');

  it('a month is taxed by the rate of its last day, whenever it is billed', async () => {
    const partner = await newPartner(world.database, 'rates', '2026-01-01T00:00:00Z');
    await world.database.query(
      `INSERT INTO tax_rate (country, percent, started) VALUES ('DE', 21, '2026-02-01'), ('DE', 25, '2026-03-01')`,
    );
    await use(partner, 'a', '2026-01-20T00:00:00Z', 100_000);
    await world.clock.advance(2 * DAY);
    await use(partner, 'b', '2026-02-02T00:00:00Z', 100_000);
    for (let day = 0; day < 32; day++) {
      await tick();
      await world.clock.advance(DAY);
    }
    await tick();
    assert.deepEqual(
      (await invoicesOf(partner)).map(({ month, net_minor, tax_minor }) => [month, net_minor, tax_minor]),
      [
        ['2026-01', '3600', '684'],
        ['2026-02', '3600', '756'],
      ],
    );
    await world.database.query(`DELETE FROM tax_rate WHERE started > '2026-01-01'`);
  });

  it('a partner for whose country no rate is known is the only one who waits', async () => {
    const created = new Date(world.clock.now() - 40 * DAY).toISOString();
    const stranger = await newPartner(world.database, 'aa-stranger', created);
    await world.database.query(`INSERT INTO billing_profile (partner_id, country) VALUES ($1, 'FR')`, [stranger]);
    await world.database.query(`DELETE FROM tax_rate WHERE country = 'FR'`);
    const neighbour = await newPartner(world.database, 'neighbour', created);
    const due = await world.closing.due(10);
    const closed = await Promise.allSettled(due.map((one) => world.closing.close(one)));
    const reasons = new Map(due.map(({ partnerId }, index) => [partnerId, closed[index]!]));
    assert.equal(reasons.get(neighbour)?.status, 'fulfilled');
    assert.match(String((reasons.get(stranger) as PromiseRejectedResult).reason), /no tax rate is known for FR/);
    await world.database.query(`INSERT INTO tax_rate (country, percent, started) VALUES ('FR', 20, '2025-09-01')`);
    await tick();
  });

  it('late use never credits more than goodwill has left of the invoice', async () => {
    const partner = await newPartner(world.database, 'kind', new Date(world.clock.now() - 40 * DAY).toISOString());
    const month = new Date(world.clock.now()).toISOString().slice(0, 7);
    await use(partner, 'a', new Date(world.clock.now() - 1_000).toISOString(), 100_000);
    await use(partner, 'wrong', new Date(world.clock.now() - 2_000).toISOString(), 100_000);
    for (let day = 0; day < 40; day++) {
      await tick();
      await world.clock.advance(DAY);
    }
    const invoice = (await invoicesOf(partner)).find((one) => one.month === month)!;
    assert.equal(invoice.net_minor, '6100');
    const goodwill = {
      serviceMonth: month,
      component: 'messages',
      priceVersion: 'goodwill',
      description: 'Sorry',
      taxClass: 'standard',
      net: 5_000n,
    };
    const at = new Date(world.clock.now());
    await world.database.transaction((client) =>
      issueCreditNote(client, { invoiceId: invoice.id, reason: 'Sorry', lines: [goodwill], at }),
    );
    const [event] = await world.database.query<{ seq: string }>(
      `SELECT seq FROM usage_event WHERE partner_id = $1 AND event_id = 'wrong'`,
      [partner],
    );
    const { seq } = (
      await world.database.query<{ seq: string }>(
        'UPDATE ingest_counter SET seq = seq + 1 WHERE partner_id = $1 RETURNING seq',
        [partner],
      )
    )[0]!;
    await world.database.query(
      `INSERT INTO usage_void (partner_id, event_seq, seq, reason, actor) VALUES ($1, $2, $3, 'counted twice', 'test')`,
      [partner, event!.seq, seq],
    );
    await tick();
    await tick();
    const notes = await world.database.query<{ net: string; total: string }>(
      'SELECT sum(net_minor) AS net, sum(total_minor) AS total FROM credit_note WHERE invoice_id = $1',
      [invoice.id],
    );
    assert.deepEqual(notes, [{ net: '6100', total: String(6_100 + Number(invoice.tax_minor)) }]);
    // Nothing is left to find: the scan rests.
    assert.deepEqual(await world.late.due(10), []);
  });
});
