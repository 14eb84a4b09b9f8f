import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import { MailRefusedError, MailUncertainError } from '#billing/api';
import { systemRandom } from '#stdx';
import { issueCreditNote } from './credit.ts';
import { outcomeWorld } from './outcome-world.spec.ts';
import { WebhookEndpoints } from './webhook-endpoints.ts';

describe('what follows from an invoice', () => {
  let world: Awaited<ReturnType<typeof outcomeWorld>>;
  let endpoints: WebhookEndpoints;
  before(async () => {
    world = await outcomeWorld('2026-02-01T00:10:00Z');
    endpoints = new WebhookEndpoints(world.database, systemRandom);
  });
  after(() => world[Symbol.asyncDispose]());
  beforeEach(() => {
    world.mailer.sent.length = 0;
    world.receiver.calls.length = 0;
  });

  const tasksOf = async (partner: string) =>
    (await world.tasks.list(partner, 100)).map(({ kind, event, state, failure }) => [kind, event.type, state, failure]);

  it('documents, mail and charge, each once, however often it runs', async () => {
    const partner = await world.customer('pm_card_visa');
    const invoice = await world.invoice(partner);
    await Promise.all([world.settle(), world.settle()]);
    await world.settle();
    assert.deepEqual((await tasksOf(partner)).sort(), [
      ['collect', 'invoice.finalized', 'done', null],
      ['document', 'invoice.finalized', 'done', null],
      [
        'document',
        'invoice.finalized',
        'skipped',
        'an electronic invoice needs the countries and VAT numbers of both sides',
      ],
      ['mail', 'invoice.finalized', 'done', null],
    ]);
    const [mail] = world.mailer.sent;
    assert.equal(world.mailer.sent.length, 1);
    assert.deepEqual([mail?.to, mail?.subject], ['billing@customer-1.example', 'Invoice RK-2026-000001 for 2026-01']);
    const kept = await world.files.file({ kind: 'invoice', id: invoice, partnerId: partner }, 'pdf');
    assert.deepEqual(mail?.attachments[0]?.bytes, kept?.bytes);
    assert.equal(
      (await world.one('SELECT state FROM invoice_settlement WHERE invoice_id = $1', [invoice]))['state'],
      'paid',
    );
    assert.equal((await world.database.query(`SELECT FROM outbox WHERE topic = 'invoice'`)).length, 0);
  });

  it('a kept document is never another one', async () => {
    await assert.rejects(world.database.query(`UPDATE invoice_file SET bytes = ''`), /permission denied|never changed/);
  });

  it('tries mail again that was not taken, gives up what never will be, and says so of what nobody knows', async () => {
    const states = [];
    for (const failures of [
      [new Error('451 later'), new Error('connection refused')],
      [new MailRefusedError('550 no such mailbox')],
      [new MailUncertainError('the line broke')],
    ]) {
      const partner = await world.customer(null);
      await world.invoice(partner);
      world.mailer.failures.push(...failures);
      for (let tries = 0; tries < 4; tries++) {
        await world.settle();
        await world.clock.advance(3_600_000);
      }
      const task = (await world.tasks.list(partner, 100)).find(({ kind }) => kind === 'mail')!;
      states.push([task.state, task.attempts, task.failure]);
      if (task.state === 'done') continue;
      // An operator decides; then it is sent under the same name.
      assert.equal((await world.tasks.retry(task.id))?.state, 'waiting');
      await world.settle();
      assert.equal((await world.tasks.list(partner, 100)).find(({ kind }) => kind === 'mail')?.state, 'done');
    }
    assert.deepEqual(states, [
      ['done', 3, null],
      ['failed', 1, '550 no such mailbox'],
      ['uncertain', 1, 'the line broke'],
    ]);
    assert.equal(world.mailer.sent.length, 3);
  });

  it('never sends again what may have been sent when its process ended', async () => {
    const partner = await world.customer(null);
    await world.invoice(partner);
    await world.fanOut.spread(10);
    const claimed = await world.tasks.claim(10);
    const mail = claimed.find(({ kind }) => kind === 'mail')!;
    await world.tasks.handOver(mail);
    // The process is gone; its lease runs out.
    await world.clock.advance(1_800_000);
    await world.settle();
    const task = (await world.tasks.list(partner, 10, 'uncertain'))[0];
    assert.equal(task?.failure, 'it ended while the message was handed over: it may have been sent');
    assert.equal(world.mailer.sent.length, 0);
  });

  it('a run that was too slow hands nothing over and ends nothing once another has taken its task up', async () => {
    const partner = await world.customer(null);
    await world.invoice(partner);
    await world.fanOut.spread(10);
    const slow = (await world.tasks.claim(10)).find(({ kind, partnerId }) => kind === 'mail' && partnerId === partner)!;
    await world.clock.advance(1_800_000);
    await world.settle();
    assert.equal(world.mailer.sent.length, 1);
    assert.equal(await world.tasks.handOver(slow), false);
    await world.tasks.finish(slow, { state: 'failed', reason: 'late' });
    assert.equal((await world.tasks.list(partner, 10)).find(({ kind }) => kind === 'mail')?.state, 'done');
  });

  it('calls partners’ endpoints with what they asked for, again after failures, and logs each call', async () => {
    const partner = await world.customer('pm_card_visa');
    const all = await endpoints.create(partner, 'https://hooks.example/all', []);
    const paid = await endpoints.create(partner, 'https://hooks.example/paid', ['invoice.paid']);
    const gone = await endpoints.create(partner, 'https://hooks.example/gone', ['invoice.finalized']);
    assert(all.ok && paid.ok && gone.ok);
    await world.invoice(partner);
    await world.fanOut.spread(10);
    for (const answer of [
      { status: 500, failure: null },
      { status: 410, failure: null },
    ])
      world.receiver.answers.push(answer);
    await world.settle();
    for (let tries = 0; tries < 2; tries++) {
      await world.clock.advance(5 * 60_000);
      await world.settle();
    }
    const called = world.receiver.calls.map(({ url, id, body }) => ({
      to: url.slice(22),
      id,
      type: JSON.parse(body).type,
    }));
    const of = (type: string) => called.filter((call) => call.type === type).map(({ to }) => to);
    assert.equal(of('invoice.finalized').length, 3);
    assert.deepEqual(of('invoice.paid').sort(), ['all', 'paid']);
    // The same event has the same id at each try.
    assert.equal(new Set(called.filter(({ type }) => type === 'invoice.finalized').map(({ id }) => id)).size, 1);
    const log = await endpoints.deliveries(partner, all.value.id, 10);
    assert(log.ok);
    assert(log.value.length >= 2 && log.value.every(({ durationMs }) => durationMs >= 0));
    const failed = await world.tasks.list(partner, 10, 'failed');
    assert.deepEqual(
      failed.map(({ failure }) => failure),
      ['the endpoint answered 410'],
    );
    assert((await endpoints.delete(partner, all.value.id)).ok);
    assert.equal((await endpoints.deliveries(partner, all.value.id, 10)).ok, false);
  });

  it('sends a credit note with its document', async () => {
    const partner = await world.customer(null);
    const invoice = await world.invoice(partner);
    await world.settle();
    const lines = [
      {
        serviceMonth: '2026-01',
        component: 'x',
        priceVersion: 'v',
        description: 'Goodwill',
        taxClass: 'standard',
        net: 600n,
      },
    ];
    const at = new Date(world.clock.now());
    await world.database.transaction((client) =>
      issueCreditNote(client, { invoiceId: invoice, lines, reason: 'For the trouble', at }),
    );
    await world.settle();
    const mail = world.mailer.sent.at(-1);
    assert.match(mail?.subject ?? '', /^Credit note RK-C-2026-/);
    assert.equal(mail?.attachments[0]?.bytes.subarray(0, 5).toString(), '%PDF-');
  });

  it('has a reason where there is nothing to send', async () => {
    const partner = await world.customer(null);
    await world.database.query('UPDATE billing_profile SET email = NULL WHERE partner_id = $1', [partner]);
    await world.invoice(partner);
    await world.settle();
    const reasons = (await world.tasks.list(partner, 10, 'skipped')).map(({ kind, failure }) => `${kind}: ${failure}`);
    assert(reasons.includes('mail: the billing profile has no e-mail address'));
    assert(reasons.includes('collect: no payment method is saved'));
  });
});
