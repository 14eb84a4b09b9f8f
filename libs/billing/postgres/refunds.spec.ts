import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import fc from 'fast-check';
import { outcomeWorld } from './outcome-world.spec.ts';
import type { NewRefund } from './refunds.ts';
import { Statements } from './statements.ts';

/** 36.00 without tax: what `customer` used. */
const TOTAL = 3_600n;

describe('refunds', () => {
  let world: Awaited<ReturnType<typeof outcomeWorld>>;
  before(async () => {
    world = await outcomeWorld('2026-02-01T00:10:00Z');
    await world.database.query(`UPDATE billing_seller SET country = 'DE'`);
  });
  after(() => world[Symbol.asyncDispose]());

  const paid = async (method: Parameters<typeof world.customer>[0]) => {
    const partner = await world.customer(method);
    const invoice = await world.invoice(partner);
    await world.settle();
    return { partner, invoice };
  };
  const request = (of: { partner: string; invoice: string }, more: Partial<NewRefund> = {}) =>
    world.refunds.request({
      partnerId: of.partner,
      invoiceId: of.invoice,
      reason: 'Goodwill',
      method: 'stripe',
      actor: 'operator',
      ...more,
    });
  const walletOf = async (partner: string): Promise<bigint> =>
    BigInt(
      (await world.database.query<{ minor: string }>('SELECT minor FROM wallet WHERE partner_id = $1', [partner]))[0]
        ?.minor ?? 0,
    );
  const accounts = async (partner: string) =>
    Object.fromEntries(
      (
        await world.database.query<{ account: string; sum: string }>(
          'SELECT account, sum(minor) FROM wallet_ledger WHERE partner_id = $1 GROUP BY account HAVING sum(minor) <> 0',
          [partner],
        )
      ).map(({ account, sum }) => [account, BigInt(sum)]),
    );
  const refundsAt = (partner: string) =>
    world.sandbox
      .refundsMade()
      .filter(({ metadata }) => (metadata as Record<string, string>)['partner_id'] === partner)
      .map(({ amount, status }) => [amount, status]);
  const stateOf = async (id: string) => await world.one('SELECT state, failure FROM refund WHERE id = $1', [id]);
  const announceAll = async (): Promise<void> => {
    for (const notice of world.sandbox.takeNotices('whsec_'))
      for (const again of ['', '~again'])
        await world.events.keep({
          id: notice.id + again,
          type: notice.type,
          objectId: JSON.parse(notice.body).data.object.id,
        });
    await world.follower.run(100);
    await world.settle();
  };

  it('the whole of a card payment goes back to the card, once, and the books are even', async () => {
    const of = await paid('pm_card_visa');
    const asked = await request(of);
    assert(asked.ok);
    const total = (TOTAL * 119n) / 100n;
    assert.deepEqual(
      asked.value.map(({ minor, state }) => [minor, state]),
      [[total, 'pending']],
    );
    assert.deepEqual(refundsAt(of.partner), []);
    await world.settle();
    await announceAll();
    await announceAll();
    assert.deepEqual(refundsAt(of.partner), [[Number(total), 'succeeded']]);
    assert.deepEqual(await accounts(of.partner), {});
    assert.match(world.mailer.sent.at(-1)!.subject, /^42.84 EUR given back$/);
    const again = await request(of);
    assert.deepEqual(again.ok ? null : again.error, {
      code: 'conflict',
      what: 'nothing is left of this invoice to give back',
    });
  });

  it('part of a line by hand: the tax of the part, and never more than is left', async () => {
    const of = await paid('pm_card_visa');
    const part = await request(of, { lines: [{ position: 1, net: 1_001n }] });
    assert(part.ok);
    assert.deepEqual(
      part.value.map(({ minor }) => minor),
      [1_191n],
    );
    const more = await request(of, { lines: [{ position: 1, net: 2_600n }] });
    assert.deepEqual(more.ok ? null : more.error, {
      code: 'invalid',
      field: 'lines',
      reason: 'of line 1 1 to 2599 can be given back',
    });
    assert.equal((await request(of, { lines: [{ position: 2, net: 1n }] })).ok, false);
    const rest = await request(of);
    assert(rest.ok);
    assert.deepEqual(
      rest.value.map(({ minor }) => minor),
      [4_284n - 1_191n],
    );
    await world.settle();
    assert.equal(refundsAt(of.partner).length, 2);
    assert.deepEqual(await accounts(of.partner), {});
  });

  it('a debit’s refund takes its time; one that fails leaves the money in the wallet, also after it had arrived', async () => {
    const of = await paid('pm_sepaDebit');
    const [intent] = world.sandbox.intentsMade();
    world.sandbox.conclude(String(intent!.id), 'succeeded');
    await announceAll();
    const asked = await request(of);
    assert(asked.ok);
    const { id } = asked.value[0]!;
    await world.settle();
    assert.equal((await stateOf(id))['state'], 'processing');
    assert.deepEqual(await world.refunds.underWay(10), [id]);
    const [made] = world.sandbox.refundsMade();
    world.sandbox.concludeRefund(String(made!.id), 'succeeded');
    await announceAll();
    assert.equal((await stateOf(id))['state'], 'succeeded');
    world.sandbox.concludeRefund(String(made!.id), 'failed');
    await announceAll();
    assert.deepEqual(await stateOf(id), { state: 'failed', failure: 'lost_or_stolen_card' });
    assert.equal(await walletOf(of.partner), 4_284n);
    assert.deepEqual(await accounts(of.partner), { cash: 4_284n, wallet: -4_284n });
    assert.match(world.mailer.sent.at(-1)!.subject, /could not be given back/);
  });

  it('what was paid from the wallet goes back there and never leaves by card', async () => {
    const partner = await world.customer('pm_card_visa');
    const top = {
      partnerId: partner,
      method: 'manual' as const,
      currency: 'EUR',
      receivedAt: new Date(world.clock.now()),
    };
    assert((await world.payments.receive({ ...top, reference: `top ${partner}`, minor: 1_000n })).ok);
    const invoice = await world.invoice(partner);
    await world.settle();
    const asked = await request({ partner, invoice });
    assert(asked.ok);
    assert.deepEqual(
      asked.value.map(({ minor }) => minor),
      [3_284n],
    );
    assert.equal(await walletOf(partner), 1_000n);
    await world.settle();
    assert.deepEqual(refundsAt(partner), [[3_284, 'succeeded']]);
  });

  it('to the wallet, or marked as sent by hand under the bank’s reference, once', async () => {
    const of = await paid(null);
    const { partner, invoice } = of;
    const none = await request(of, { method: 'wallet' });
    assert.deepEqual(none.ok ? null : none.error, { code: 'conflict', what: 'nothing was paid of this invoice' });
    const base = { partnerId: partner, invoiceId: invoice, currency: 'EUR', receivedAt: new Date(world.clock.now()) };
    assert((await world.payments.receive({ ...base, method: 'manual', reference: `in ${partner}`, minor: 4_284n })).ok);
    const card = await request(of);
    assert.equal(card.ok ? '' : card.error.code, 'conflict');
    assert.equal((await world.database.query('SELECT FROM credit_note WHERE invoice_id = $1', [invoice])).length, 0);
    assert((await request(of, { method: 'wallet', lines: [{ position: 1, net: 600n }] })).ok);
    assert.equal(await walletOf(partner), 714n);
    const sent = { method: 'manual', reference: `out ${partner}` } as const;
    assert((await request(of, { ...sent, lines: [{ position: 1, net: 1_000n }] })).ok);
    const twice = await request(of, { ...sent, lines: [{ position: 1, net: 1_000n }] });
    assert.deepEqual(twice.ok ? null : twice.error, {
      code: 'conflict',
      what: `another refund has the reference ${sent.reference}`,
    });
    assert.equal(await walletOf(partner), 714n);
    const statement = await new Statements(world.database, world.clock).statement(partner, '2026-01', '2026-12');
    assert.deepEqual(statement.entries.map(({ kind, minor }) => [kind, minor]).sort(), [
      ['creditNote', -1_190n],
      ['creditNote', -714n],
      ['invoice', 4_284n],
      ['payment', -4_284n],
      ['refund', 1_190n],
    ]);
    assert.equal(statement.closing, -714n);
    assert.deepEqual(await accounts(partner), {
      cash: 4_284n - 1_190n,
      wallet: -714n,
      revenue: -2_000n,
      tax: -380n,
    });
  });

  for (const fault of ['errorBefore', 'errorAfter', 'resetBefore', 'resetAfter'] as const)
    it(`gives back once when the request meets ${fault}`, async () => {
      const of = await paid('pm_card_visa');
      assert((await request(of)).ok);
      world.sandbox.failNext(fault);
      for (let round = 0; round < 4; round++) {
        await world.settle();
        world.sandbox.keys.forget();
        await world.clock.advance(3_600_000);
      }
      assert.deepEqual(refundsAt(of.partner), [[4_284, 'succeeded']]);
      assert.deepEqual(await accounts(of.partner), {});
    });

  it('one the provider refuses, because it was given back there by hand, ends in the wallet with its reason', async () => {
    const of = await paid('pm_card_visa');
    const intent = world.sandbox
      .intentsMade()
      .find(
        ({ status, metadata }) =>
          status === 'succeeded' && (metadata as Record<string, string>)['invoice_id'] === of.invoice,
      );
    await world.provider.refund({
      refundId: 'by hand',
      invoiceId: of.invoice,
      partnerId: of.partner,
      chargeId: String(intent!.id),
      minor: 4_284n,
      currency: 'EUR',
    });
    await announceAll();
    const kept = await world.database.query(
      `SELECT failure FROM stripe_event WHERE type = 'refund.created' AND failure ~ 'never made'`,
    );
    assert.ok(kept.length > 0, 'a refund of somebody else’s is kept with a note');
    const asked = await request(of);
    assert(asked.ok);
    await world.settle();
    const { state, failure } = await stateOf(asked.value[0]!.id);
    assert.equal(state, 'failed');
    assert.match(String(failure), /already been refunded/);
    assert.equal(await walletOf(of.partner), 4_284n);
  });

  it('however it is cut, all refunds and credits give back exactly what came, and the books stay even', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 1, max: 3_600 }), { minLength: 1, maxLength: 5 }), async (cuts) => {
        const of = await paid('pm_card_visa');
        let left = TOTAL;
        for (const cut of cuts) {
          const asked = await request(of, { lines: [{ position: 1, net: BigInt(cut) }] });
          assert.equal(asked.ok, BigInt(cut) <= left);
          if (asked.ok) left -= BigInt(cut);
        }
        const rest = await request(of);
        assert.equal(rest.ok, left > 0n);
        await world.settle();
        assert.equal(
          refundsAt(of.partner).reduce((sum, [amount]) => sum + Number(amount), 0),
          4_284,
        );
        assert.deepEqual(await accounts(of.partner), {});
      }),
      { numRuns: 3 },
    );
  });
});
