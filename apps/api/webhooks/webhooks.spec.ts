import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { ROUTES } from '#api-schema';
import { InvoiceTasks } from '#billing/postgres';
import { systemClock } from '#stdx';
import { type ApiFixture, type Caller, startFixture } from '../api-fixture.spec.ts';

describe('webhooks, tasks and the billing profile over the API', () => {
  let fixture: ApiFixture;
  let acme: Caller;
  let other: Caller;
  const params = { partner: 'acme' };
  before(async () => {
    fixture = await startFixture();
    acme = await fixture.partner('acme');
    other = await fixture.partner('other');
  });
  after(() => fixture[Symbol.asyncDispose]());

  it('an endpoint is made with a secret shown once, listed, and deleted; nobody else sees it', async () => {
    const body = { url: 'https://panel.example/hooks', events: ['invoice.paid' as const] };
    const made = await acme.done(ROUTES.createWebhook, { params, body });
    assert.match(made.secret, /^whsec_[A-Za-z0-9+/]{43}=$/);
    const { secret: _, ...shown } = made;
    assert.deepEqual(await acme.done(ROUTES.listWebhooks, { params }), { items: [shown] });
    const one = { params: { ...params, webhook: made.id } };
    assert.deepEqual(await acme.done(ROUTES.listWebhookDeliveries, one), { items: [] });
    assert.equal(await other.refused(ROUTES.listWebhooks, { params }), 'partner_not_found');
    const stolen = { params: { partner: 'other', webhook: made.id } };
    assert.equal(await other.refused(ROUTES.listWebhookDeliveries, stolen), 'webhook_not_found');
    assert.equal(await other.refused(ROUTES.deleteWebhook, stolen), 'webhook_not_found');
    assert.equal(
      await acme.refused(ROUTES.createWebhook, { params, body: { url: 'ftp://x.example' } }),
      'invalid_request',
    );
    await acme.done(ROUTES.deleteWebhook, one);
    assert.equal(await acme.refused(ROUTES.deleteWebhook, one), 'webhook_not_found');
  });

  it('a task that was given up says why, to its partner too, and is taken up again by an operator', async () => {
    const { database } = fixture;
    await database.query(
      `INSERT INTO invoice_task (outbox_id, kind, partner_id, event, next_try_at, created_at)
       SELECT n, 'mail', id, '{"type":"invoice.paid"}', now() - n * interval '1 second', now()
       FROM partner, generate_series(1, 3) n WHERE slug = 'acme'`,
    );
    const tasks = new InvoiceTasks(database, systemClock);
    for (const task of await tasks.claim(2))
      await tasks.finish(task, { state: 'failed', reason: '550 no such mailbox' });
    const { items } = await acme.done(ROUTES.listInvoiceTasks, { query: { state: 'failed' } });
    assert.deepEqual(
      items.map(({ partner, failure, attempts }) => [partner, failure, attempts]),
      [
        ['acme', '550 no such mailbox', 1],
        ['acme', '550 no such mailbox', 1],
      ],
    );
    assert.deepEqual(await other.done(ROUTES.listInvoiceTasks), { items: [] });
    const first = await fixture.operator.done(ROUTES.listInvoiceTasks, { query: { limit: 2 } });
    const rest = await fixture.operator.done(ROUTES.listInvoiceTasks, { query: { after: first.next ?? '' } });
    assert.equal(first.items.length + rest.items.length, 3);
    const one = { params: { task: items[0]!.id } };
    assert.equal(await acme.refused(ROUTES.retryInvoiceTask, one), 'forbidden');
    assert.equal((await fixture.operator.done(ROUTES.retryInvoiceTask, one)).state, 'waiting');
    assert.equal(await fixture.operator.refused(ROUTES.retryInvoiceTask, one), 'task_not_found');
  });

  it('a partner says whom invoices are made out to; terms of payment are the operator’s', async () => {
    const before = await acme.done(ROUTES.showBillingProfile, { params });
    assert.deepEqual([before.legalName, before.paymentDays, before.electronicFormat], [null, 14, 'cii']);
    const change = {
      legalName: 'Acme GmbH',
      address: ['Weg 1', '10115 Berlin'],
      country: 'DE',
      email: 'pay@acme.example',
    };
    const match = { 'if-match': `"${before.version}"` };
    const after = await acme.done(ROUTES.updateBillingProfile, { params, body: change, headers: match });
    assert.deepEqual({ ...after, version: 0 }, { ...before, ...change, version: 0 });
    assert.equal(
      await acme.refused(ROUTES.updateBillingProfile, { params, body: change, headers: match }),
      'version_mismatch',
    );
    const any = { 'if-match': '*' };
    const terms = { suspendable: false, paymentDays: 30 };
    assert.equal(await acme.refused(ROUTES.updateBillingProfile, { params, body: terms, headers: any }), 'forbidden');
    const granted = await fixture.operator.done(ROUTES.updateBillingProfile, { params, body: terms, headers: any });
    assert.deepEqual([granted.suspendable, granted.paymentDays, granted.legalName], [false, 30, 'Acme GmbH']);
    for (const wrong of [{ country: 'Germany' }, { email: 'nobody' }, { paymentDays: 900 }, { unknown: 1 } as object])
      assert.equal(
        await fixture.operator.refused(ROUTES.updateBillingProfile, { params, body: wrong, headers: any }),
        'invalid_request',
      );
  });

  it('what invoices say about us is the operator’s to say', async () => {
    const { operator } = fixture;
    assert.equal(await acme.refused(ROUTES.showBillingSeller), 'forbidden');
    const before = await operator.done(ROUTES.showBillingSeller);
    const body = {
      name: 'Rookery GmbH',
      address: ['Turm 1', '10115 Berlin'],
      country: 'DE',
      vatId: 'DE123456789',
      contactName: 'Billing',
      phone: '+49 30 1234567',
      email: 'billing@rookery.example',
      iban: 'DE89370400440532013000',
    };
    const match = { 'if-match': `"${before.version}"` };
    const after = await operator.done(ROUTES.updateBillingSeller, { body, headers: match });
    assert.deepEqual(after, { ...before, ...body, version: before.version + 1 });
    assert.equal(await operator.refused(ROUTES.updateBillingSeller, { body, headers: match }), 'version_mismatch');
    const wrong = { body: { iban: 'DE89 3704' }, headers: { 'if-match': '*' } };
    assert.equal(await operator.refused(ROUTES.updateBillingSeller, wrong), 'invalid_request');
  });
});
