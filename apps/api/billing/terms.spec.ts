import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { type CallOf, ROUTES } from '#api-schema';
import type { Answer, Caller } from '../api-fixture.spec.ts';
import { meterWorld } from '../meters/meter-world.spec.ts';

const DAY = 86_400_000;

describe('a partner’s terms over the API', () => {
  let world: Awaited<ReturnType<typeof meterWorld>>;
  let acme: Caller;
  let other: Caller;
  const params = { partner: 'acme' };

  before(async () => {
    world = await meterWorld('2026-03-10T12:00:00Z');
    acme = await world.oldPartner('acme');
    other = await world.oldPartner('other');
    // Months are cut in Berlin: a date begins there.
    await world.database.query(`UPDATE partner SET time_zone = 'Europe/Berlin'`);
  });
  after(() => world[Symbol.asyncDispose]());

  async function publish(fee: string, currency = 'EUR', name = 'Plan'): Promise<string> {
    const components: CallOf<typeof ROUTES.publishPriceList>['body']['components'] = [
      {
        id: 'fee',
        kind: 'fee',
        meters: [],
        measure: 'none',
        price: { model: 'flat', amount: fee },
        description: 'Plan',
        unit: 'month',
        countsTowardCommitment: true,
      },
    ];
    return (await world.operator.done(ROUTES.publishPriceList, { body: { name, currency, components } })).id;
  }
  const segments = async () => {
    const { segments: found, ended } = await acme.done(ROUTES.showSubscription, { params });
    return [...found.map(({ plan, planVersion, from, to }) => `${plan} ${planVersion} ${from} ${to}`), ended];
  };
  const preview = async (month: string) => {
    const { lines, subtotalMinor, taxMinor } = await acme.done(ROUTES.previewInvoice, { params, query: { month } });
    const shown = lines.map(({ kind, amountMinor }) => `${kind} ${amountMinor}`);
    return { lines: shown, netMinor: subtotalMinor, taxMinor };
  };
  const reasonOf = async (call: Promise<Pick<Answer<unknown>, 'problem'>>) => {
    const { problem } = await call;
    return JSON.stringify(problem?.errors ?? problem?.detail);
  };

  it('prices change with a date, take the place of what was to come, and never reach into a billed month', async () => {
    const [cheap, dear, dollars] = [await publish('99'), await publish('149'), await publish('99', 'USD', 'Dollars')];
    const change = (version: string, from: string) => ({ params, body: { version, from } });
    await world.operator.done(ROUTES.changeSubscription, change(cheap, '2026-01-01'));
    await world.operator.done(ROUTES.changeSubscription, change(dear, '2026-06-01'));
    await world.operator.done(ROUTES.changeSubscription, change(dear, '2026-04-11'));
    const agreed = [
      'Plan 1 2025-12-31T23:00:00.000Z 2026-04-10T22:00:00.000Z',
      'Plan 2 2026-04-10T22:00:00.000Z null',
      null,
    ];
    assert.deepEqual(await segments(), agreed);
    // Done again, or a date later by what holds anyway, nothing changes.
    await world.operator.done(ROUTES.changeSubscription, change(dear, '2026-04-11T10:00:00+02:00'));
    assert.deepEqual(await segments(), agreed);
    // Worked case 10 of BILLING.md: the date of the change belongs to the new plan.
    assert.deepEqual((await preview('2026-04')).lines, ['fee 3300', 'fee 9933']);

    await world.tick();
    world.clock.advance(2 * DAY);
    await world.tick();
    const { items } = await acme.done(ROUTES.listInvoices, { params });
    assert.deepEqual(
      items.map(({ month, state }) => `${month} ${state}`),
      ['2026-02 finalized', '2026-01 finalized'],
    );
    const late = await reasonOf(world.operator.call(ROUTES.changeSubscription, change(dear, '2026-02-28')));
    assert.match(late, /what was before 2026-03-01 is billed/);
    assert.deepEqual(await segments(), agreed);
    const mixed = await reasonOf(world.operator.call(ROUTES.changeSubscription, change(dollars, '2026-05-02')));
    assert.match(mixed, /prices are in EUR: those in USD can only begin with a month/);
    const nobody = { params, body: { version: '00000000-0000-4000-8000-00000000dead' } };
    assert.equal(await world.operator.refused(ROUTES.changeSubscription, nobody), 'price_list_not_found');
    const nonsense = { params, body: { version: dear, from: '2026-02-30' } };
    assert.equal(await world.operator.refused(ROUTES.changeSubscription, nonsense), 'invalid_request');
  });

  it('a subscription ends with a date, goes on after all, and begins again', async () => {
    const cancel = (at: string | null) => ({ params, body: { at } });
    await world.operator.done(ROUTES.cancelSubscription, cancel('2026-04-21'));
    // 10 days at 99.00 and 10 at 149.00, of 30.
    assert.deepEqual((await preview('2026-04')).lines, ['fee 3300', 'fee 4967']);
    assert.deepEqual((await preview('2026-05')).lines, []);
    await world.operator.done(ROUTES.cancelSubscription, cancel(null));
    assert.deepEqual((await preview('2026-05')).lines, ['fee 14900']);
    const early = await reasonOf(world.operator.call(ROUTES.cancelSubscription, cancel('2026-02-01')));
    assert.match(early, /what was before 2026-03-01 is billed/);
    await world.operator.done(ROUTES.cancelSubscription, cancel('2026-07-01'));
    const { segments: before } = await acme.done(ROUTES.showSubscription, { params });
    const again = { params, body: { version: before[0]?.version ?? '', from: '2026-09-01' } };
    await world.operator.done(ROUTES.changeSubscription, again);
    const sums = [];
    for (const month of ['2026-06', '2026-07', '2026-08', '2026-09']) sums.push((await preview(month)).netMinor);
    assert.deepEqual(sums, [14_900, 0, 0, 9_900]);
  });

  it('commitments hold one at a time, over whole dates that are not billed', async () => {
    const add = (body: CallOf<typeof ROUTES.addCommitment>['body']) => ({ params, body });
    const made = await world.operator.done(
      ROUTES.addCommitment,
      add({ amount: '200.50', from: '2026-03-01', to: '2026-06-16' }),
    );
    assert.deepEqual(
      [made.amount, made.from, made.to],
      ['200.5', '2026-02-28T23:00:00.000Z', '2026-06-15T22:00:00.000Z'],
    );
    assert.deepEqual(await acme.done(ROUTES.listCommitments, { params }), { items: [made] });
    // 200.50 − 99.00; in June 15 of 30 dates: 100.25 are less than the plan.
    assert.deepEqual((await preview('2026-03')).lines, ['fee 9900', 'commitment 10150']);
    assert.deepEqual((await preview('2026-06')).lines, ['fee 14900']);
    const overlapping = add({ amount: '10', from: '2026-06-15' });
    assert.equal(await world.operator.refused(ROUTES.addCommitment, overlapping), 'conflict');
    for (const [body, reason] of [
      [{ amount: '0.00', from: '2026-07-01' }, /more than nothing/],
      [{ amount: '10', from: '2026-07-02', to: '2026-07-02' }, /after `from`/],
      [{ amount: '10', from: '2026-02-28', to: '2026-03-01' }, /is billed|begins/],
    ] as const)
      assert.match(await reasonOf(world.operator.call(ROUTES.addCommitment, add(body))), reason);
    const end = (commitment: string, at: string) => ({ params: { ...params, commitment }, body: { at } });
    const { items } = await world.operator.done(ROUTES.endCommitment, end(made.id, '2026-03-17'));
    assert.equal(items[0]?.to, '2026-03-16T23:00:00.000Z');
    // 16 of March's 31 dates: 103.48387… − 99.00.
    assert.deepEqual((await preview('2026-03')).lines, ['fee 9900', 'commitment 448']);
    assert.equal((await world.operator.done(ROUTES.endCommitment, end(made.id, '2026-03-01'))).items.length, 0);
    assert.equal(
      await world.operator.refused(ROUTES.endCommitment, end(made.id, '2026-03-01')),
      'commitment_not_found',
    );
  });

  it('coupons take a percentage or an amount off once, for months, or for ever', async () => {
    const add = (body: CallOf<typeof ROUTES.addCoupon>['body']) =>
      world.operator.done(ROUTES.addCoupon, { params, body });
    await add({ description: 'Hello', percent: '12.5', from: '2026-03', months: 1 });
    const ten = await add({ description: 'Ten', amountMinor: 1_000, from: '2026-03', months: 3 });
    const ever = await add({ description: 'Ever', percent: '50', from: '2026-05' });
    const sums = [];
    for (const month of ['2026-03', '2026-04', '2026-05', '2026-06']) sums.push((await preview(month)).netMinor);
    // 9900 − 1238 − 1000; 13233 − 1000; (14900 − 1000) ÷ 2; 14900 ÷ 2.
    assert.deepEqual(sums, [7_662, 12_233, 6_950, 7_450]);
    assert.deepEqual(
      (await acme.done(ROUTES.listCoupons, { params })).items.map(({ description, from, to }) => [
        description,
        from,
        to,
      ]),
      [
        ['Hello', '2026-02-28T23:00:00.000Z', '2026-03-31T22:00:00.000Z'],
        ['Ten', '2026-02-28T23:00:00.000Z', '2026-05-31T22:00:00.000Z'],
        ['Ever', '2026-04-30T22:00:00.000Z', null],
      ],
    );
    const end = (coupon: string, month?: string) => ({
      params: { ...params, coupon },
      body: month === undefined ? {} : { month },
    });
    // Of one of which nothing is billed yet, nothing stays.
    assert.equal((await world.operator.done(ROUTES.endCoupon, end(ten.id, '2026-02'))).items.length, 2);
    await world.operator.done(ROUTES.endCoupon, end(ever.id, '2026-06'));
    assert.deepEqual([(await preview('2026-05')).netMinor, (await preview('2026-06')).netMinor], [7_450, 14_900]);
    assert.equal(await world.operator.refused(ROUTES.endCoupon, end(ten.id)), 'coupon_not_found');
    const late = { params, body: { description: 'Late', percent: '10', from: '2026-02' } };
    assert.match(await reasonOf(world.operator.call(ROUTES.addCoupon, late)), /is billed/);
    const both = { params, body: { description: 'Both', percent: '10', amountMinor: 1, from: '2026-04' } };
    assert.equal(await world.operator.refused(ROUTES.addCoupon, both), 'invalid_request');
    for (const percent of ['0', '100.001', '999'])
      assert.equal(
        await world.operator.refused(ROUTES.addCoupon, {
          params,
          body: { description: 'x', percent, from: '2026-04' },
        }),
        'invalid_value',
      );
  });

  it('tax: rates from a date on, and partners by country, by reverse charge or outside VAT', async () => {
    await world.operator.call(ROUTES.updateBillingSeller, { body: { country: 'DE' }, headers: { 'if-match': '*' } });
    const rate = { country: 'DE', taxClass: 'standard', percent: '20.5', from: '2026-05-01' };
    await world.operator.done(ROUTES.setTaxRate, { body: rate });
    const { items } = await world.operator.done(ROUTES.listTaxRates, { query: { country: 'DE' } });
    assert.deepEqual(items.at(-1), rate);
    // 20.5 % of 149.00; 19 % of 99.00 less 12.5 %.
    assert.deepEqual([(await preview('2026-06')).taxMinor, (await preview('2026-03')).taxMinor], [3_055, 1_646]);
    const withdraw = { params: { country: 'DE', taxClass: 'standard', from: '2026-05-01' } };
    await world.operator.done(ROUTES.withdrawTaxRate, withdraw);
    assert.equal(await world.operator.refused(ROUTES.withdrawTaxRate, withdraw), 'tax_rate_not_found');
    const inForce = { params: { ...withdraw.params, from: '2025-09-01' } };
    assert.equal(await world.operator.refused(ROUTES.withdrawTaxRate, inForce), 'conflict');
    assert.equal(
      await world.operator.refused(ROUTES.setTaxRate, { body: { ...rate, percent: '100.1' } }),
      'invalid_value',
    );
    const set = (body: CallOf<typeof ROUTES.setTaxTreatment>['body']) => ({ params, body });
    const reversed = set({ treatment: 'reverseCharge' });
    assert.match(await reasonOf(world.operator.call(ROUTES.setTaxTreatment, reversed)), /needs the country and VAT id/);
    await acme.call(ROUTES.updateBillingProfile, {
      params,
      body: { country: 'DE', vatId: 'DE12' },
      headers: { 'if-match': '*' },
    });
    assert.match(await reasonOf(world.operator.call(ROUTES.setTaxTreatment, reversed)), /DE12 is no VAT id of DE/);
    await acme.call(ROUTES.updateBillingProfile, {
      params,
      body: { vatId: 'DE123456789' },
      headers: { 'if-match': '*' },
    });
    assert.equal((await world.operator.done(ROUTES.setTaxTreatment, reversed)).effective.kind, 'reverseCharge');
    assert.equal((await preview('2026-06')).taxMinor, 0);
    const outside = set({ treatment: 'outsideVat', reason: 'Embassy' });
    await world.operator.done(ROUTES.setTaxTreatment, outside);
    const shown = await acme.done(ROUTES.showTaxTreatment, { params });
    assert.deepEqual(
      [shown.treatment, shown.reason, shown.effective],
      ['outsideVat', 'Embassy', { kind: 'outsideScope', percents: {}, note: 'Embassy' }],
    );
    const standard = await world.operator.done(ROUTES.setTaxTreatment, set({ treatment: 'standard' }));
    assert.deepEqual(standard.effective, { kind: 'rates', percents: { standard: '19' }, note: null });
  });

  it('who changed what stays for ever', async () => {
    const { items } = await acme.done(ROUTES.listBillingChanges, { params, query: { limit: 500 } });
    const counted = Object.groupBy(items, ({ what }) => what);
    assert.deepEqual(
      ['subscription', 'commitment', 'coupon', 'taxTreatment', 'taxRate'].map(
        (what) => counted[what as keyof typeof counted]?.length ?? 0,
      ),
      // Three changes of prices and one again, three ends; added, ended, withdrawn; three added, one withdrawn, one ended.
      [7, 3, 5, 3, 0],
    );
    const { items: keys } = await world.operator.done(ROUTES.listApiKeys, { query: {} });
    const operator = keys.find(({ name }) => name === 'operator')?.id;
    assert.deepEqual([...new Set(items.map(({ actor }) => actor))], [`apikey:${operator}`]);
    const newest = items[0];
    assert.deepEqual(
      [newest?.what, newest?.before?.['treatment'], newest?.after?.['treatment']],
      ['taxTreatment', 'outsideVat', 'standard'],
    );
    const first = await acme.done(ROUTES.listBillingChanges, { params, query: { limit: 10 } });
    const rest = await acme.done(ROUTES.listBillingChanges, { params, query: { limit: 500, after: first.next ?? '' } });
    assert.deepEqual([...first.items, ...rest.items], items);
    const rates = await world.operator.done(ROUTES.listTaxRateChanges, {});
    assert.deepEqual(
      rates.items.map(({ before: was, after: is }) => [was?.['percent'] ?? null, is?.['percent'] ?? null]),
      [
        ['20.5', null],
        [null, '20.5'],
      ],
    );
    for (const sql of ['UPDATE billing_change SET actor = $1', 'DELETE FROM billing_change WHERE actor <> $1'])
      await assert.rejects(world.database.query(sql, ['nobody']), /never changed|permission denied/);
  });

  it('a partner reads its own terms, changes none, and sees nobody else’s', async () => {
    const own = [
      ROUTES.showSubscription,
      ROUTES.listCommitments,
      ROUTES.listCoupons,
      ROUTES.showTaxTreatment,
      ROUTES.listBillingChanges,
    ] as const;
    for (const route of own) {
      assert.equal((await acme.call(route, { params })).status, 200, route.id);
      assert.equal(await other.refused(route, { params }), 'partner_not_found', route.id);
    }
    assert.deepEqual((await other.done(ROUTES.listBillingChanges, { params: { partner: 'other' } })).items, []);
    const body = { amount: '1', from: '2026-07-01' };
    const theirs = await world.operator.done(ROUTES.addCommitment, { params, body });
    const crossed = { params: { partner: 'other', commitment: theirs.id }, body: { at: '2026-08-01' } };
    assert.equal(await world.operator.refused(ROUTES.endCommitment, crossed), 'commitment_not_found');
    const coupon = (await acme.done(ROUTES.listCoupons, { params })).items[0]?.id ?? '';
    const mistaken = { params: { partner: 'other', coupon }, body: {} };
    assert.equal(await world.operator.refused(ROUTES.endCoupon, mistaken), 'coupon_not_found');
    const version = (await acme.done(ROUTES.showSubscription, { params })).segments[0]?.version ?? '';
    assert.equal(await acme.refused(ROUTES.changeSubscription, { params, body: { version } }), 'forbidden');
    assert.equal(await acme.refused(ROUTES.cancelSubscription, { params, body: { at: null } }), 'forbidden');
    assert.equal(await acme.refused(ROUTES.addCommitment, { params, body }), 'forbidden');
    assert.equal(
      await acme.refused(ROUTES.endCommitment, {
        params: { ...params, commitment: theirs.id },
        body: { at: '2026-07-01' },
      }),
      'forbidden',
    );
    assert.equal(
      await acme.refused(ROUTES.addCoupon, { params, body: { description: 'x', percent: '100', from: '2026-07' } }),
      'forbidden',
    );
    assert.equal(await acme.refused(ROUTES.endCoupon, { params: { ...params, coupon }, body: {} }), 'forbidden');
    assert.equal(
      await acme.refused(ROUTES.setTaxTreatment, { params, body: { treatment: 'outsideVat', reason: 'no' } }),
      'forbidden',
    );
    assert.equal(await acme.refused(ROUTES.listTaxRates, {}), 'forbidden');
  });
});
