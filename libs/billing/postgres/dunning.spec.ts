import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { NotificationListener } from '#database';
import { silentLogger, systemClock } from '#stdx';
import { until } from '#testing';
import { outcomeWorld } from './outcome-world.spec.ts';

describe('dunning', () => {
  let world: Awaited<ReturnType<typeof outcomeWorld>>;
  before(async () => {
    world = await outcomeWorld('2026-02-01T00:10:00Z');
  });
  after(() => world[Symbol.asyncDispose]());

  /** The job, and what follows. */
  const tick = async (): Promise<void> => {
    await world.dunning.markOverdue();
    for (const invoice of await world.dunning.due(100)) await world.dunning.remind(invoice);
    await world.dunning.restoreDue();
    await world.settle();
  };
  const stateOf = async (partner: string): Promise<string> =>
    String((await world.one('SELECT state FROM partner WHERE id = $1', [partner]))['state']);
  const lettersTo = (partner: string) =>
    world.database
      .query<{ email: string }>('SELECT email FROM billing_profile WHERE partner_id = $1', [partner])
      .then(([profile]) => world.mailer.sent.filter(({ to }) => to === profile!.email).map(({ subject }) => subject));
  const pay = (partner: string, invoiceId: string) =>
    world.payments.receive({
      partnerId: partner,
      invoiceId,
      method: 'manual',
      reference: `transfer ${invoiceId}`,
      minor: 3_600n,
      currency: 'EUR',
      receivedAt: new Date(world.clock.now()),
    });

  it('a letter after a day, three and seven; after fourteen nobody signs in; paying ends it at once', async () => {
    const partner = await world.customer(null);
    const invoice = await world.invoice(partner);
    await world.settle();
    const { number } = await world.one<{ number: string }>('SELECT number FROM invoice WHERE id = $1', [invoice]);
    for (let day = 0; day < 30; day++) {
      await world.days(1);
      await tick();
      await tick();
    }
    assert.deepEqual(await lettersTo(partner), [
      `Invoice ${number} for 2026-01`,
      `Reminder: invoice ${number}`,
      `Second reminder: invoice ${number}`,
      `Last reminder: invoice ${number}`,
      `Service suspended: invoice ${number} is unpaid`,
    ]);
    assert.equal(await stateOf(partner), 'suspended');
    assert((await pay(partner, invoice)).ok);
    assert.equal(await stateOf(partner), 'active');
    await tick();
    await tick();
    assert.equal((await lettersTo(partner)).at(-1), 'Service restored: thank you');
    const steps = await world.database.query(
      'SELECT step, passed_over FROM dunning_step WHERE invoice_id = $1 ORDER BY step',
      [invoice],
    );
    assert.deepEqual(
      steps.map(({ step, passed_over }) => [step, passed_over]),
      [1, 3, 7, 14].map((step) => [step, false]),
    );
  });

  it('hubs hear of a suspension and of its end as of any change of the directory', async () => {
    const partner = await world.customer(null);
    const invoice = await world.invoice(partner);
    const heard: string[] = [];
    const listener = new NotificationListener(
      world.url,
      ['directory_changed'],
      (_channel, payload) => heard.push(payload),
      () => heard.push('listening'),
      systemClock,
      silentLogger,
    );
    await listener.start();
    await world.days(30);
    await tick();
    await until('the suspension is heard of', async () => heard.join() === 'listening,*');
    assert((await pay(partner, invoice)).ok);
    await until('its end is heard of', async () => heard.join() === 'listening,*,*');
    await listener.close();
  });

  it('after a long silence only the newest letter goes out', async () => {
    const partner = await world.customer(null);
    await world.invoice(partner);
    await world.settle();
    await world.days(14 + 8);
    await tick();
    assert.deepEqual(
      (await lettersTo(partner)).map((subject) => subject.split(':')[0]),
      [(await lettersTo(partner))[0], 'Last reminder'],
    );
  });

  it('charges again at each step', async () => {
    const partner = await world.customer('pm_card_chargeCustomerFail');
    const invoice = await world.invoice(partner);
    await world.settle();
    for (let day = 0; day < 18; day++) {
      await world.days(1);
      await tick();
    }
    const attempts = await world.database.query(
      'SELECT occasion FROM payment_attempt WHERE invoice_id = $1 ORDER BY attempt',
      [invoice],
    );
    assert.deepEqual(
      attempts.map(({ occasion }) => occasion),
      ['finalized', 'dunning~1', 'dunning~3'],
    );
  });

  it('an operator’s own suspension is not ended by paying', async () => {
    const partner = await world.customer(null);
    const invoice = await world.invoice(partner);
    await world.settle();
    await world.database.query(`UPDATE partner SET state = 'suspended' WHERE id = $1`, [partner]);
    await world.days(30);
    await tick();
    assert((await pay(partner, invoice)).ok);
    await tick();
    assert.equal(await stateOf(partner), 'suspended');
  });

  it('spares whom the operator spares, and whoever owns a cluster that others use', async () => {
    const spared = await world.customer(null);
    const unreminded = await world.customer(null);
    const owner = await world.customer(null);
    await world.database.query('UPDATE billing_profile SET suspendable = false WHERE partner_id = $1', [spared]);
    await world.database.query('UPDATE billing_profile SET reminded = false WHERE partner_id = $1', [unreminded]);
    await world.database.query(
      `INSERT INTO cluster (partner_id, name, key, shared) VALUES ($1, 'shared', decode(repeat('00', 32), 'hex'), true)`,
      [owner],
    );
    for (const partner of [spared, unreminded, owner]) await world.invoice(partner);
    await world.settle();
    await world.days(30);
    await tick();
    assert.deepEqual(await Promise.all([spared, unreminded, owner].map(stateOf)), ['active', 'active', 'active']);
    assert.equal((await lettersTo(unreminded)).length, 1);
    assert.match((await lettersTo(spared)).at(-1)!, /^Last reminder/);
  });

  it('two unpaid invoices: paying one is not enough', async () => {
    const partner = await world.customer(null);
    const first = await world.invoice(partner);
    await world.days(40);
    await tick();
    assert.equal(await stateOf(partner), 'suspended');
    // A second one over which it would have been suspended as well.
    await world.database.query(
      `INSERT INTO invoice (partner_id, month, period_start, period_end, state, grace_until, run_id, number, currency, net_minor, tax_minor, total_minor, document)
       SELECT partner_id, '2026-02', period_end, period_end + interval '1 month', 'finalized', grace_until, run_id, 'RK-X', currency, net_minor, tax_minor, total_minor, document
       FROM invoice WHERE id = $1`,
      [first],
    );
    const { id: second } = await world.one<{ id: string }>(`SELECT id FROM invoice WHERE number = 'RK-X'`);
    await world.database.query(
      `INSERT INTO invoice_settlement (invoice_id, partner_id, state, total_minor, due_at) VALUES ($1, $2, 'open', 3600, $3)`,
      [second, partner, new Date(world.clock.now() - 20 * 86_400_000)],
    );
    await tick();
    assert((await pay(partner, first)).ok);
    assert.equal(await stateOf(partner), 'suspended');
    assert((await pay(partner, second)).ok);
    assert.equal(await stateOf(partner), 'active');
  });
});
