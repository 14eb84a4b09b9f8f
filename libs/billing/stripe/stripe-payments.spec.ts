import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import Stripe from 'stripe';
import { type ChargeRequest, PaymentProviderUnavailableError, PaymentRefusedError } from '#billing/api';
import { StripeSandbox, signature, type TestMethod } from '#billing/stripe-sandbox';
import { stripeShapes } from '#testing';
import { StripePayments, StripeWebhook } from './index.ts';

const SECRET = 'whsec_c2FuZGJveA';

describe('Stripe', () => {
  let sandbox: StripeSandbox;
  let url = '';
  let payments: StripePayments;
  let sold = 0;
  before(async () => {
    sandbox = new StripeSandbox({ check: await stripeShapes(), now: () => Date.now() });
    url = await sandbox.listen();
    payments = new StripePayments({ apiKey: 'sk_test_sandbox', url, timeoutMs: 2_000 });
  });
  after(() => sandbox.close());

  /** A partner that has saved a payment method, and a charge to make of it. */
  async function request(method: TestMethod = 'pm_card_visa'): Promise<ChargeRequest> {
    const partnerId = `00000000-0000-4000-8000-${String(++sold).padStart(12, '0')}`;
    const customerId = await payments.customer({ partnerId, name: 'Aurora', email: 'pay@aurora.example' });
    const { id } = await payments.beginSetup(customerId);
    const methodId = sandbox.finishSetup(id, method);
    const invoiceId = partnerId.replace('00000000', '11111111');
    return {
      invoiceId,
      attempt: 1,
      partnerId,
      customerId,
      methodId,
      minor: 59_260n,
      currency: 'EUR',
      description: 'RK-1',
    };
  }
  const intentsOf = ({ customerId }: ChargeRequest) =>
    sandbox.intentsMade().filter((intent) => intent['customer'] === customerId);

  it('knows a misspelt parameter', async () => {
    const client = new Stripe('sk_test_sandbox', { host: '127.0.0.1', port: new URL(url).port, protocol: 'http' });
    const misspelt = { amount: 100, currency: 'eur', ofsession: true };
    await assert.rejects(client.paymentIntents.create(misspelt), /additional properties ofsession/);
    const mistyped = { amount: 'much' as unknown as number, currency: 'eur' };
    await assert.rejects(client.paymentIntents.create(mistyped), /amount must be number/);
  });

  it('finds the customer it made', async () => {
    const { partnerId, customerId, methodId } = await request();
    sandbox.keys.forget();
    assert.equal(await payments.customer({ partnerId, name: 'Aurora', email: null }), customerId);
    assert.deepEqual(await payments.methods(customerId), [
      { id: methodId, kind: 'card', label: 'visa •••• 4242, 12/2040' },
    ]);
    assert.equal(await payments.methodOwner(methodId), customerId);
    await payments.detachMethod(methodId);
    assert.deepEqual(await payments.methods(customerId), []);
  });

  const OUTCOMES = [
    ['pm_card_visa', 'succeeded', 59_260n, undefined],
    ['pm_card_chargeCustomerFail', 'failed', 0n, 'generic_decline'],
    ['pm_card_authenticationRequired', 'actionNeeded', 0n, 'authentication_required'],
    ['pm_sepaDebit', 'processing', 0n, undefined],
  ] as const;
  for (const [method, status, received, failure] of OUTCOMES)
    it(`${method}: ${status}, and the same when asked again`, async () => {
      const charge = await request(method);
      const first = await payments.charge(charge);
      assert.deepEqual([first.status, first.received, first.failure?.code], [status, received, failure]);
      assert.equal(first.clientSecret !== null, status === 'actionNeeded');
      sandbox.keys.forget();
      assert.deepEqual(await payments.charge(charge), first);
      assert.deepEqual(await payments.lookUp(first.externalId), first);
      assert.equal(intentsOf(charge).length, 1);
    });

  for (const fault of ['errorBefore', 'errorAfter', 'resetBefore', 'resetAfter'] as const)
    it(`charges once when the request meets ${fault}`, async () => {
      const charge = await request();
      sandbox.failNext(fault);
      const first = await payments.charge(charge).catch((error: unknown) => error);
      if (fault === 'errorBefore') {
        // Stripe keeps a failure under its key for a day: this attempt is over, and nothing was charged.
        assert(first instanceof PaymentProviderUnavailableError, String(first));
        await assert.rejects(payments.charge(charge), PaymentRefusedError);
        assert.equal(intentsOf(charge).length, 0);
        assert.equal((await payments.charge({ ...charge, attempt: 2 })).status, 'succeeded');
      } else assert.equal((first as { status: string }).status, 'succeeded');
      assert.equal(intentsOf(charge).length, 1);
    });

  it('gives up what needs the customer, and learns when that was too late', async () => {
    const open = await payments.charge(await request('pm_card_authenticationRequired'));
    assert.equal((await payments.cancel(open.externalId)).status, 'canceled');
    const paid = await payments.charge(await request());
    assert.equal((await payments.cancel(paid.externalId)).status, 'succeeded');
  });

  it('counts as Stripe does where a currency is special', async () => {
    const charge = await request();
    const kronur = await payments.charge({ ...charge, minor: 1_234n, currency: 'ISK' });
    assert.equal(intentsOf(charge)[0]?.['amount'], 123_400);
    assert.equal(kronur.received, 1_234n);
    await assert.rejects(
      payments.charge({ ...charge, attempt: 2, minor: 18_253n, currency: 'KWD' }),
      PaymentRefusedError,
    );
    assert.equal((await payments.charge({ ...charge, attempt: 3, minor: 18_250n, currency: 'KWD' })).received, 18_250n);
  });

  it('believes deliveries signed by it, lately, unchanged, and by an old secret while one is rolled', async () => {
    await payments.charge(await request());
    const notice = sandbox.takeNotices(SECRET).at(-1)!;
    const body = Buffer.from(notice.body);
    const webhook = new StripeWebhook({ apiKey: 'sk_test_sandbox' }, ['whsec_new', SECRET]);
    const read = webhook.read(body, notice.signature);
    assert.deepEqual([read.id, read.type], [notice.id, 'payment_intent.succeeded']);
    assert.match(read.objectId, /^pi_/);
    const stale = signature(notice.body, SECRET, Date.now() - 301_000);
    for (const wrong of ['', 't=1,v1=00', stale]) assert.throws(() => webhook.read(body, wrong), PaymentRefusedError);
    assert.throws(() => webhook.read(Buffer.concat([body, Buffer.from(' ')]), notice.signature), PaymentRefusedError);
  });
});
