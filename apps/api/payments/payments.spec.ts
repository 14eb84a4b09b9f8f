import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { ROUTES } from '#api-schema';
import { MonthRating } from '#billing/invoice';
import {
  InvoiceCollection,
  InvoiceFinalization,
  MonthClosing,
  PaymentMethods,
  PostgresBillingAccounts,
  ProviderEvents,
  ProviderFollower,
  Refunds,
} from '#billing/postgres';
import { StripePayments } from '#billing/stripe';
import { StripeSandbox, signature } from '#billing/stripe-sandbox';
import { PostgresMetering, PostgresUsageReader } from '#metering';
import { systemClock } from '#stdx';
import { stripeShapes } from '#testing';
import { type ApiFixture, type Caller, startFixture } from '../api-fixture.spec.ts';

const SECRET = 'whsec_api';

describe('payments over the API', () => {
  let fixture: ApiFixture;
  let sandbox: StripeSandbox;
  let follower: ProviderFollower;
  let acme: Caller;
  const params = { partner: 'acme' };
  before(async () => {
    sandbox = new StripeSandbox({ check: await stripeShapes(), now: () => Date.now() });
    const url = await sandbox.listen();
    fixture = await startFixture({
      ROOKERY_STRIPE_KEY: 'sk_test_api',
      ROOKERY_STRIPE_URL: url,
      ROOKERY_STRIPE_WEBHOOK_SECRETS: `whsec_old,${SECRET}`,
    });
    const { database } = fixture;
    const provider = new StripePayments({ apiKey: 'sk_test_api', url });
    const collection = new InvoiceCollection(database, provider, systemClock);
    const methods = new PaymentMethods(database, provider, systemClock);
    follower = new ProviderFollower(
      new ProviderEvents(database, systemClock),
      provider,
      collection,
      methods,
      new Refunds(database, provider, systemClock),
    );
    acme = await fixture.partner('acme');
  });
  after(async () => {
    await fixture[Symbol.asyncDispose]();
    await sandbox.close();
  });

  const deliver = (body: string, header: string): Promise<number> =>
    fetch(new URL('/api/v1/webhooks/stripe', fixture.api.url), {
      method: 'POST',
      headers: { 'content-type': 'application/json; charset=utf-8', 'stripe-signature': header },
      body,
    }).then(({ status }) => status);

  /** The invoice of last month, made final. */
  async function invoiceOf(slug: string): Promise<string> {
    const { database } = fixture;
    const [row] = await database.query<{ id: string }>(
      `UPDATE partner SET created_at = date_trunc('month', now()) - interval '1 month' WHERE slug = $1 RETURNING id`,
      [slug],
    );
    const partnerId = row!.id;
    const at = new Date(new Date().setUTCDate(0)).toISOString();
    const use = { id: 'x', source: 'test', partnerId, at, subject: 'mx', quantity: 100_000 };
    await new PostgresMetering(database, systemClock).ingest(
      [{ ...use, kind: 'counter', meter: 'messages-in' }],
      'internal',
    );
    const clock = { ...systemClock, now: () => Date.now() + 2 * 86_400_000 };
    const accounts = new PostgresBillingAccounts(database);
    const rating = new MonthRating(accounts, new PostgresUsageReader(database), clock);
    for (const due of await new MonthClosing(database, accounts, rating, systemClock).due(9))
      await new MonthClosing(database, accounts, rating, systemClock).close(due);
    const finalization = new InvoiceFinalization(database, accounts, rating, clock);
    for (const id of await finalization.due(9)) await finalization.finalize(id);
    const { items } = await fixture.operator.done(ROUTES.listInvoices, { params: { partner: slug } });
    return items.find(({ number }) => number !== null)!.number!;
  }

  it('saves a method, told by a signed delivery; unsigned, stale and changed ones are refused', async () => {
    const setup = await acme.done(ROUTES.beginPaymentSetup, { params });
    assert.deepEqual(await acme.done(ROUTES.listPaymentMethods, { params }), { items: [] });
    sandbox.finishSetup(setup.id, 'pm_card_visa');
    const notices = sandbox.takeNotices(SECRET);
    const [first] = notices;
    const stale = signature(first!.body, SECRET, Date.now() - 600_000);
    for (const [body, header] of [
      [first!.body, ''],
      [first!.body, stale],
      [`${first!.body} `, first!.signature],
      [first!.body, signature(first!.body, 'whsec_other', Date.now())],
    ] as const)
      assert.equal(await deliver(body, header), 401);
    for (const notice of [...notices, ...notices]) assert.equal(await deliver(notice.body, notice.signature), 200);
    const kept = await fixture.database.query('SELECT FROM stripe_event');
    assert.equal(kept.length, notices.length);
    await follower.run(10);
    const { items } = await acme.done(ROUTES.listPaymentMethods, { params });
    assert.deepEqual(
      items.map(({ kind, label, isDefault }) => [kind, label, isDefault]),
      [['card', 'visa •••• 4242, 12/2040', true]],
    );
  });

  it('charges an invoice when asked, once, and says what came', async () => {
    const invoice = await invoiceOf('acme');
    const to = { params: { ...params, invoice } };
    assert.deepEqual(await acme.done(ROUTES.collectInvoice, to), { outcome: 'succeeded', clientSecret: null });
    assert.deepEqual(await acme.done(ROUTES.collectInvoice, to), { outcome: 'nothingDue', clientSecret: null });
    const { items: attempts } = await acme.done(ROUTES.listPaymentAttempts, to);
    assert.deepEqual(
      attempts.map(({ attempt, state, amountMinor }) => [attempt, state, amountMinor]),
      [[1, 'succeeded', 3_600]],
    );
    const { items } = await acme.done(ROUTES.listPayments, { params });
    assert.deepEqual(
      items.map((payment) => [payment.invoiceNumber, payment.method, payment.amountMinor]),
      [[invoice, 'stripe', 3_600]],
    );
    assert.equal(await fixture.operator.refused(ROUTES.retryInvoice, to), 'conflict');
  });

  it('books a bank transfer once; only operators may', async () => {
    const body = { reference: 'SEPA-1', amountMinor: 1_000, currency: 'EUR' };
    assert.equal(await acme.refused(ROUTES.recordPayment, { params, body }), 'forbidden');
    const made = await fixture.operator.done(ROUTES.recordPayment, { params, body });
    assert.deepEqual(await fixture.operator.done(ROUTES.recordPayment, { params, body }), made);
    for (const [wrong, code] of [
      [{ amountMinor: 1_001 }, 'conflict'],
      [{ invoice: 'RK-9' }, 'invoice_not_found'],
      [{ amountMinor: 0 }, 'invalid_request'],
    ] as const)
      assert.equal(await fixture.operator.refused(ROUTES.recordPayment, { params, body: { ...body, ...wrong } }), code);
    const second = { ...body, reference: 'SEPA-2' };
    await fixture.operator.done(ROUTES.recordPayment, { params, body: second });
    const first = await acme.done(ROUTES.listPayments, { params, query: { limit: 1 } });
    const rest = await acme.done(ROUTES.listPayments, { params, query: { limit: 5, after: first.next ?? '' } });
    assert.deepEqual([...first.items, ...rest.items].map(({ reference }) => reference).slice(0, 2), [
      'SEPA-2',
      'SEPA-1',
    ]);
  });

  it('gives the payer what its bank asks for, and books the charge once that is answered', async () => {
    const bank = await fixture.partner('bank');
    const setup = await bank.done(ROUTES.beginPaymentSetup, { params: { partner: 'bank' } });
    sandbox.finishSetup(setup.id, 'pm_card_authenticationRequired');
    const deliverAll = async (): Promise<void> => {
      for (const notice of sandbox.takeNotices(SECRET)) assert.equal(await deliver(notice.body, notice.signature), 200);
      await follower.run(10);
    };
    await deliverAll();
    const to = { params: { partner: 'bank', invoice: await invoiceOf('bank') } };
    const asked = await bank.done(ROUTES.collectInvoice, to);
    assert.equal(asked.outcome, 'actionNeeded');
    const [intent] = /^pi_\d+/.exec(asked.clientSecret ?? '') ?? [];
    assert(intent);
    assert.deepEqual(await bank.done(ROUTES.collectInvoice, to), asked);
    sandbox.conclude(intent, 'succeeded');
    await deliverAll();
    const paid = await bank.done(ROUTES.showInvoice, to);
    assert.deepEqual([paid.settlement, paid.dueMinor], ['paid', 0]);
  });

  it('forgets a method; another partner sees nothing of all this', async () => {
    const { items } = await acme.done(ROUTES.listPaymentMethods, { params });
    const method = { params: { ...params, method: items[0]!.id } };
    const other = await fixture.partner('other');
    assert.equal(await other.refused(ROUTES.listPayments, { params }), 'partner_not_found');
    assert.equal(await other.refused(ROUTES.deletePaymentMethod, method), 'partner_not_found');
    const stolen = { params: { partner: 'other', method: items[0]!.id } };
    assert.equal(await other.refused(ROUTES.choosePaymentMethod, stolen), 'payment_method_not_found');
    assert.equal((await acme.done(ROUTES.choosePaymentMethod, method)).items[0]?.isDefault, true);
    await acme.done(ROUTES.deletePaymentMethod, method);
    assert.equal(await acme.refused(ROUTES.deletePaymentMethod, method), 'payment_method_not_found');
  });

  it('says so when the provider does not answer', async () => {
    sandbox.failNext('resetBefore', 'resetBefore', 'resetBefore');
    assert.equal(await acme.refused(ROUTES.beginPaymentSetup, { params }), 'provider_unavailable');
  });
});
