import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { StripePayments } from '#billing/stripe';
import { StripeSandbox, type TestMethod } from '#billing/stripe-sandbox';
import { seededRandom } from '#stdx';
import { stripeShapes } from '#testing';
import { InvoiceCollection } from './collection.ts';
import { billingWorld, fact, newPartner, received } from './golden.spec.ts';
import { PaymentMethods } from './payment-methods.ts';
import { ProviderEvents, ProviderFollower } from './provider-events.ts';
import { Refunds } from './refunds.ts';

const DAY = 86_400_000;
const SECRET = 'whsec_test';

describe('collecting', () => {
  let world: Awaited<ReturnType<typeof billingWorld>>;
  let sandbox: StripeSandbox;
  let provider: StripePayments;
  let collection: InvoiceCollection;
  let methods: PaymentMethods;
  let events: ProviderEvents;
  let follower: ProviderFollower;
  let partners = 0;

  before(async () => {
    world = await billingWorld('2026-02-01T00:10:00Z');
    sandbox = new StripeSandbox({ check: await stripeShapes(), now: () => world.clock.now() });
    provider = new StripePayments({ apiKey: 'sk_test_sandbox', url: await sandbox.listen(), timeoutMs: 2_000 });
    collection = new InvoiceCollection(world.database, provider, world.clock);
    methods = new PaymentMethods(world.database, provider, world.clock);
    events = new ProviderEvents(world.database, world.clock);
    follower = new ProviderFollower(
      events,
      provider,
      collection,
      methods,
      new Refunds(world.database, provider, world.clock),
    );
  });
  after(async () => {
    await sandbox.close();
    await world[Symbol.asyncDispose]();
  });

  /** A partner with an invoice of 36.00 to pay and, unless told otherwise, a saved method. */
  async function debtor(method: TestMethod | null): Promise<{ partner: string; invoice: string }> {
    const partner = await newPartner(world.database, `debtor-${++partners}`, '2026-01-01T00:00:00Z');
    await world.metering.ingest([fact(partner, 'm', '2026-01-09T10:00:00Z', 'mx', received(100_000))], 'internal');
    await world.closing.close({ partnerId: partner, month: '2026-01' });
    await world.clock.advance(DAY);
    const [{ id } = { id: '' }] = await world.database.query<{ id: string }>(
      'SELECT id FROM invoice WHERE partner_id = $1',
      [partner],
    );
    assert.equal(await world.finalization.finalize(id), 'finalized');
    if (method) {
      const setup = await methods.beginSetup(partner);
      sandbox.finishSetup(setup.id, method);
      const [account] = await methods.withoutMethod(10);
      assert.equal(await methods.sync(partner, account!.customerId), true);
      sandbox.takeNotices(SECRET);
    }
    return { partner, invoice: id };
  }
  const settlement = async (invoice: string) =>
    (
      await world.database.query<{ state: string; due_minor: string; paid_minor: string }>(
        'SELECT state, due_minor, paid_minor FROM invoice_settlement WHERE invoice_id = $1',
        [invoice],
      )
    )[0]!;
  const attempts = (invoice: string) =>
    world.database.query<{ attempt: number; state: string; failure_code: string | null }>(
      'SELECT attempt, state, failure_code FROM payment_attempt WHERE invoice_id = $1 ORDER BY attempt',
      [invoice],
    );
  const charged = (invoice: string) =>
    sandbox.intentsMade().filter((intent) => (intent['metadata'] as Record<string, string>)['invoice_id'] === invoice);

  it('charges what is due once, however often it is asked', async () => {
    const { invoice } = await debtor('pm_card_visa');
    assert.deepEqual(
      await Promise.all([collection.collect(invoice, 'finalized'), collection.collect(invoice, 'finalized')]),
      ['succeeded', 'succeeded'],
    );
    assert.equal(await collection.collect(invoice, 'finalized'), 'succeeded');
    assert.equal(await collection.collect(invoice, 'dunning~1'), 'nothingDue');
    assert.deepEqual(await settlement(invoice), { state: 'paid', due_minor: '0', paid_minor: '3600' });
    assert.deepEqual(
      charged(invoice).map((intent) => intent['amount']),
      [3600],
    );
  });

  it('says why it failed, and tries again on the next occasion only', async () => {
    const { invoice } = await debtor('pm_card_chargeCustomerFail');
    for (let time = 0; time < 3; time++) assert.equal(await collection.collect(invoice, 'finalized'), 'failed');
    assert.equal(await collection.collect(invoice, 'dunning~1'), 'failed');
    assert.deepEqual(await attempts(invoice), [
      { attempt: 1, state: 'failed', failure_code: 'generic_decline' },
      { attempt: 2, state: 'failed', failure_code: 'generic_decline' },
    ]);
    assert.equal((await settlement(invoice)).state, 'open');
  });

  it('has nothing to charge without a method, and charges as soon as one is saved', async () => {
    const { partner, invoice } = await debtor(null);
    assert.equal(await collection.collect(invoice, 'finalized'), 'noMethod');
    const setup = await methods.beginSetup(partner);
    sandbox.finishSetup(setup.id, 'pm_card_visa');
    for (const notice of sandbox.takeNotices(SECRET))
      await events.keep({ ...notice, objectId: JSON.parse(notice.body).data.object.id });
    await follower.run(100);
    assert.equal((await settlement(invoice)).state, 'paid');
  });

  for (const fault of ['errorBefore', 'errorAfter', 'resetBefore', 'resetAfter'] as const)
    it(`charges once through ${fault}, by the next run at the latest`, async () => {
      const { invoice } = await debtor('pm_card_visa');
      sandbox.failNext(fault);
      await collection.collect(invoice, 'finalized').catch(() => {});
      for (const attempt of await collection.underWay(10)) await collection.follow(attempt);
      assert.equal((await settlement(invoice)).state, 'paid');
      assert.equal(charged(invoice).length, 1);
    });

  it('a debit is paid later; its events come twice and in any order', async () => {
    const random = seededRandom(7);
    for (let round = 0; round < 6; round++) {
      const { invoice } = await debtor('pm_sepaDebit');
      assert.equal(await collection.collect(invoice, 'finalized'), 'processing');
      sandbox.conclude(String(charged(invoice)[0]!.id), 'succeeded');
      const notices = sandbox.takeNotices(SECRET);
      const shuffled = [...notices, ...notices].sort(() => random.fraction() - 0.5);
      for (const notice of shuffled) await events.keep({ ...notice, objectId: JSON.parse(notice.body).data.object.id });
      await Promise.all([follower.run(100), follower.run(100)]);
      assert.deepEqual(await settlement(invoice), { state: 'paid', due_minor: '0', paid_minor: '3600' });
      assert.equal((await world.database.query('SELECT FROM payment WHERE invoice_id = $1', [invoice])).length, 1);
    }
  });

  it('a bounced debit is a failed attempt; without any event the hourly look finds it', async () => {
    const { invoice } = await debtor('pm_sepaDebit');
    await collection.collect(invoice, 'finalized');
    sandbox.conclude(String(charged(invoice)[0]!.id), 'failed');
    sandbox.takeNotices(SECRET);
    for (const attempt of await collection.underWay(10)) await collection.follow(attempt);
    assert.equal((await attempts(invoice))[0]?.state, 'failed');
  });

  it('stops asking the customer when the invoice was paid otherwise', async () => {
    const { partner, invoice } = await debtor('pm_card_authenticationRequired');
    assert.equal(await collection.collect(invoice, 'finalized'), 'actionNeeded');
    const paid = await world.payments.receive({
      partnerId: partner,
      invoiceId: invoice,
      method: 'manual',
      reference: 'SEPA 2026-02-04/17',
      minor: 3600n,
      currency: 'EUR',
      receivedAt: new Date(world.clock.now()),
    });
    assert(paid.ok && paid.value);
    const [attempt] = await collection.underWay(10);
    assert.equal(await collection.follow(attempt!), 'canceled');
    assert.equal(charged(invoice)[0]?.['status'], 'canceled');
  });

  it('an event that cannot be acted upon now is kept with its reason and acted upon later', async () => {
    const { invoice } = await debtor('pm_sepaDebit');
    await collection.collect(invoice, 'finalized');
    const id = String(charged(invoice)[0]!.id);
    sandbox.conclude(id, 'succeeded');
    await events.keep({ id: 'evt_away', type: 'payment_intent.succeeded', objectId: id });
    const away = new StripePayments({ apiKey: 'sk_test_sandbox', url: 'http://127.0.0.1:1', timeoutMs: 500 });
    await new ProviderFollower(events, away, collection, methods, new Refunds(world.database, away, world.clock)).run(
      10,
    );
    const [kept] = await world.database.query<{ failure: string; handled_at: Date | null }>(
      `SELECT failure, handled_at FROM stripe_event WHERE id = 'evt_away'`,
    );
    assert.match(kept!.failure, /^Stripe: /);
    assert.equal(kept!.handled_at, null);
    assert.equal(await follower.run(10), 0);
    await world.clock.advance(60_000);
    assert.equal(await follower.run(10), 1);
    assert.equal((await settlement(invoice)).state, 'paid');
  });

  it('a payment is booked once; another one under its reference, or in another currency, is refused', async () => {
    const { partner, invoice } = await debtor(null);
    const payment = {
      partnerId: partner,
      invoiceId: invoice,
      method: 'manual',
      reference: `transfer ${partner}`,
      minor: 4000n,
      currency: 'EUR',
      receivedAt: new Date(world.clock.now()),
    } as const;
    assert.deepEqual(await world.payments.receive(payment), { ok: true, value: true });
    assert.deepEqual(await world.payments.receive(payment), { ok: true, value: false });
    const codes = [];
    for (const wrong of [{ minor: 4001n }, { currency: 'USD' }, { invoiceId: partner }, { minor: 0n }]) {
      const refused = await world.payments.receive({ ...payment, ...wrong });
      codes.push(refused.ok ? 'ok' : refused.error.code);
    }
    assert.deepEqual(codes, ['conflict', 'invalid', 'notFound', 'invalid']);
    const [wallet] = await world.database.query<{ minor: string }>('SELECT minor FROM wallet WHERE partner_id = $1', [
      partner,
    ]);
    assert.equal(wallet?.minor, '400');
  });
});
