import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { DisputeBook } from './dispute-book.ts';
import { outcomeWorld } from './outcome-world.spec.ts';

const partnerSays = { side: 'partner', author: 'key ops' } as const;
const supportSays = { side: 'support', author: 'key operator' } as const;

describe('disputes', () => {
  let world: Awaited<ReturnType<typeof outcomeWorld>>;
  let book: DisputeBook;
  before(async () => {
    world = await outcomeWorld('2026-02-01T00:10:00Z');
    book = new DisputeBook(world.database);
    await world.database.query(`UPDATE billing_seller SET country = 'DE', email = 'support@rookery.example'`);
  });
  after(() => world[Symbol.asyncDispose]());

  const disputed = async (net?: bigint) => {
    const partner = await world.customer(null);
    const invoice = await world.invoice(partner);
    await world.settle();
    const opened = await world.disputes.open(
      {
        partnerId: partner,
        invoiceId: invoice,
        position: 1,
        text: 'We never had these.',
        ...(net === undefined ? {} : { net }),
      },
      partnerSays,
    );
    assert(opened.ok);
    return { partner, invoice, dispute: opened.value };
  };
  const tick = async (days: number): Promise<void> => {
    for (let day = 0; day < days; day++) {
      await world.days(1);
      await world.dunning.markOverdue();
      for (const invoice of await world.dunning.due(100)) await world.dunning.remind(invoice);
      await world.settle();
    }
  };
  const settlement = (invoice: string) =>
    world.one<{ state: string; due_minor: string; due_at: Date; paused_at: Date | null }>(
      'SELECT state, due_minor, due_at, paused_at FROM invoice_settlement WHERE invoice_id = $1',
      [invoice],
    );
  const steps = async (invoice: string) =>
    (await world.database.query('SELECT step FROM dunning_step WHERE invoice_id = $1', [invoice])).length;
  const lettersTo = (address: string) =>
    world.mailer.sent.filter(({ to }) => to === address).map(({ subject }) => subject);

  it('a thread between partner and support, told to whoever has the word, ended by a credit with its tax', async () => {
    const { partner, invoice, dispute } = await disputed(1_001n);
    assert.deepEqual([dispute.net, dispute.gross, dispute.state], [1_001n, 1_191n, 'open']);
    await world.settle();
    const answered = await world.disputes.comment(undefined, dispute.id, supportSays, 'Which ones?');
    assert.equal(answered.ok && answered.value.state, 'answered');
    const replied = await world.disputes.comment(partner, dispute.id, partnerSays, 'Those of the 9th.');
    assert.equal(replied.ok && replied.value.state, 'open');
    const credited = await world.disputes.resolve(dispute.id, { outcome: 'credited' }, supportSays, 'You are right.');
    assert(credited.ok);
    assert.equal(credited.value.state, 'credited');
    assert.deepEqual(
      credited.value.comments.map(({ side, text }) => [side, text]),
      [
        ['partner', 'We never had these.'],
        ['support', 'Which ones?'],
        ['partner', 'Those of the 9th.'],
        ['support', 'You are right.'],
      ],
    );
    await world.settle();
    const note = await world.one('SELECT net_minor, tax_minor FROM credit_note WHERE invoice_id = $1', [invoice]);
    assert.deepEqual(note, { net_minor: '1001', tax_minor: '190' });
    assert.equal((await settlement(invoice)).due_minor, String(4_284n - 1_191n));
    assert.equal(lettersTo('support@rookery.example').length, 2);
    const { email } = await world.one<{ email: string }>('SELECT email FROM billing_profile WHERE partner_id = $1', [
      partner,
    ]);
    assert.deepEqual(
      lettersTo(email)
        .slice(1)
        .sort()
        .map((subject) => subject.replace(/RK-[C\d-]+/, 'RK')),
      ['Credit note RK', 'Invoice RK: Messages in and out is credited', 'Invoice RK: answer about Messages in and out'],
    );
    const late = await world.disputes.comment(partner, dispute.id, partnerSays, 'Thanks.');
    assert.deepEqual(late.ok ? null : late.error, { code: 'conflict', what: 'the dispute is credited' });
  });

  it('only what is left of a line, once at a time, of final invoices, in one’s own house', async () => {
    const { partner, invoice, dispute } = await disputed(3_000n);
    const other = await world.customer(null);
    const open = (more: object) =>
      world.disputes.open({ partnerId: partner, invoiceId: invoice, position: 1, text: 'x', ...more }, partnerSays);
    for (const [more, code] of [
      [{}, 'conflict'],
      [{ position: 2 }, 'notFound'],
      [{ partnerId: other }, 'conflict'],
      [{ invoiceId: 'none' }, 'conflict'],
    ] as const) {
      const refused = await open(more);
      assert.equal(refused.ok ? '' : refused.error.code, code, JSON.stringify(more));
    }
    for (const attempt of [
      world.disputes.comment(other, dispute.id, partnerSays, 'mine?'),
      world.disputes.withdraw(other, dispute.id),
    ])
      assert.deepEqual(await attempt, { ok: false, error: { code: 'notFound', what: 'dispute' } });
    assert.equal(await book.find(other, dispute.id), undefined);
    assert.deepEqual(await book.list(other, 10), []);
    assert.equal((await book.list(partner, 10))[0]?.id, dispute.id);
    const tooMuch = await world.disputes.resolve(dispute.id, { outcome: 'credited', net: 3_601n }, supportSays, 'x');
    assert.equal(tooMuch.ok ? '' : tooMuch.error.code, 'invalid');
    assert((await world.disputes.resolve(dispute.id, { outcome: 'credited', net: 3_600n }, supportSays, 'x')).ok);
    const again = await open({});
    assert.equal(again.ok ? '' : again.error.code, 'invalid');
  });

  it('while all that is due is disputed nobody is reminded, and the time is given back', async () => {
    const { invoice, dispute } = await disputed();
    const before = await settlement(invoice);
    await tick(40);
    assert.equal(await steps(invoice), 0);
    assert.deepEqual((await settlement(invoice)).state, 'open');
    assert((await world.disputes.resolve(dispute.id, { outcome: 'rejected' }, supportSays, 'They were yours.')).ok);
    const { due_at, paused_at } = await settlement(invoice);
    assert.equal(due_at.getTime() - before.due_at.getTime(), 40 * 86_400_000);
    assert.equal(paused_at, null);
    await tick(16);
    assert.equal((await settlement(invoice)).state, 'overdue');
    assert.equal(await steps(invoice), 1);
  });

  it('a part in dispute: the rest is due as ever, and once that is paid nobody is reminded of the part', async () => {
    const { partner, invoice, dispute } = await disputed(1_000n);
    await tick(16);
    assert.equal(await steps(invoice), 1);
    const rest = { partnerId: partner, invoiceId: invoice, method: 'manual', currency: 'EUR' } as const;
    const receivedAt = new Date(world.clock.now());
    assert((await world.payments.receive({ ...rest, reference: `rest ${partner}`, minor: 3_094n, receivedAt })).ok);
    await tick(30);
    assert.equal(await steps(invoice), 1);
    assert.equal((await settlement(invoice)).due_minor, '1190');
    assert((await world.disputes.withdraw(partner, dispute.id)).ok);
    await tick(2);
    assert.equal(await steps(invoice), 2);
  });

  it('does not charge what is disputed; where an operator says so, disputes hold nothing up', async () => {
    const partner = await world.customer(null);
    const invoice = await world.invoice(partner);
    await world.disputes.open(
      { partnerId: partner, invoiceId: invoice, position: 1, net: 600n, text: 'x' },
      partnerSays,
    );
    const setup = await world.methods.beginSetup(partner);
    world.sandbox.finishSetup(setup.id, 'pm_card_visa');
    for (const { partnerId, customerId } of await world.methods.withoutMethod(100))
      await world.methods.sync(partnerId, customerId);
    assert.equal(await world.collection.collect(invoice, 'asked'), 'succeeded');
    assert.equal((await settlement(invoice)).due_minor, '714');
    assert.equal(await world.collection.collect(invoice, 'again'), 'nothingDue');
    const strict = await disputed();
    await world.database.query('UPDATE billing_profile SET dispute_pauses = false WHERE partner_id = $1', [
      strict.partner,
    ]);
    await world.disputes.comment(undefined, strict.dispute.id, supportSays, 'We will look.');
    await tick(16);
    assert.equal(await steps(strict.invoice), 1);
  });
});
