import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  bill,
  component,
  counted,
  flat,
  list,
  lived,
  month,
  PRICE,
  sample,
  usage,
  vat,
  volume,
} from './fixtures.spec.ts';
import {
  apportion,
  billedBy,
  billingPeriod,
  creditTax,
  decimal,
  discountOf,
  lateUsage,
  ratio,
  STANDARD_TAX_CLASS,
  taxOn,
  toMinor,
  trueUp,
} from './index.ts';

const april = month('2026-04');
const whole = { from: april.from, to: april.to };
const messages = (quantity: number) =>
  usage({ counts: { 'messages-in': [counted('2026-04-03T10:00:00Z', quantity)] } });
const nets = (...amounts: bigint[]) => amounts.map((net) => ({ taxClass: STANDARD_TAX_CLASS, net }));

describe('worked cases: commitments, taxes, discounts', () => {
  for (const [name, span, used, expected] of [
    ['the whole month', whole, 31240n, 18760n],
    ['started on 16 April', { ...whole, from: Date.parse('2026-04-16') }, 31240n, 0n],
    ['11 of 30 days', { ...whole, to: Date.parse('2026-04-12') }, 10000n, 8333n],
  ] as const) {
    it(`11 a commitment of 500.00, ${name}: usage ${used}, true-up ${expected}`, () => {
      assert.equal(trueUp(april, { amount: decimal('500.00'), span }, used, 'EUR'), expected);
    });
  }

  it('12 tax of 19 % on 3 × 33.33: 1900, shared 634, 633, 633', () => {
    const taxed = taxOn(nets(3333n, 3333n, 3333n), vat('19'));
    assert.equal(taxed.lines[0]!.tax, 1900n);
    assert.deepEqual(taxed.allocated, [634n, 633n, 633n]);
  });

  it('12 reverse charge: nothing, and the note that says why', () => {
    const [line] = taxOn(nets(9999n), { kind: 'reverseCharge' }).lines;
    assert.deepEqual([line!.tax, line!.category], [0n, 'AE']);
    assert.match(line!.note!, /reverse charge/i);
  });

  it('13 credit notes give back, to the cent, the tax that was charged', () => {
    const percent = decimal('20');
    let remaining = 6833n + 6833n + 5750n + 8500n;
    assert.equal(remaining + taxOn(nets(remaining), vat('20')).lines[0]!.tax, 33499n);
    const credited = [6833n, 5750n, 8500n, 6833n].map((net) => {
      const gross = net + creditTax(remaining, net, percent);
      remaining -= net;
      return gross;
    });
    assert.deepEqual(credited, [8199n, 6900n, 10200n, 8200n]);
  });

  it('18 a coupon spread by largest remainder', () => {
    const off = (minor: bigint) => ({ id: 'c', description: 'c', off: 'amount' as const, minor });
    assert.deepEqual(discountOf(off(100n), [500n, 500n, 500n]), [34n, 33n, 33n]);
    assert.deepEqual(discountOf(off(1000n), [3333n, 3333n, 3334n]), [333n, 333n, 334n]);
  });

  it('16 nothing used: no lines; under a commitment of 50.00: 5000', () => {
    const components = list('hub', 'active', 'mailboxPeak', 'storage', 'messages');
    assert.deepEqual(bill({ period: april, components, usage: usage({}) }).lines, []);
    const committed = bill({ period: april, components, usage: usage({}), commitment: { amount: '50.00' } });
    assert.deepEqual(
      committed.lines.map(({ kind, minor }) => [kind, minor]),
      [['commitment', 5000n]],
    );
  });
});

describe('worked cases: late usage', () => {
  const tiered = volume([100, '10'], [200, '9'], [null, '8']);
  const outcome = (price: typeof tiered, before: number, after: number) => {
    const components = [component('messages', price)];
    const rated = (quantity: number) => bill({ period: april, components, usage: messages(quantity) });
    return lateUsage(rated(after), billedBy(rated(before)), vat('0'));
  };

  it('14 volume: 90 billed 90000, 20 late: 9000 more on the next invoice', () => {
    const late = outcome(tiered, 90, 110);
    assert.deepEqual([late.kind, late.kind !== 'nothing' && late.net], ['charge', 9000n]);
  });
  it('14 volume: 100 billed 100000, 1 late: a credit note of 9100', () => {
    const late = outcome(tiered, 100, 101);
    assert.deepEqual([late.kind, late.kind !== 'nothing' && late.net], ['credit', -9100n]);
  });
  it('14 graduated: 99990 becomes 100010: nothing owed, no line', () => {
    assert.deepEqual(outcome(PRICE.messages, 99_990, 100_010), { kind: 'nothing' });
  });
});

/** January 2026 of test 20, with `extra` hub hours worth of late usage in major units. */
function golden(extra = '0') {
  const start = '2025-12-01T00:00:00Z';
  const many = (count: number) => Array.from({ length: count }, (_, i) => lived(`m${i}`, start, null));
  return bill({
    period: month('2026-01'),
    components: [
      ...list('hub', 'active', 'standby', 'mailboxPeak', 'storage', 'messages'),
      component('fee', flat(extra)),
    ]
      .map((item) => (item.kind === 'fee' ? { ...item, countsTowardCommitment: true } : item))
      .filter((item) => item.kind !== 'fee' || extra !== '0'),
    usage: usage({
      intervals: {
        hub: [lived('h', start, null)],
        'node-active': [lived('a', start, '2026-01-17T06:30:00Z'), lived('b', '2026-01-17T06:30:00Z', null)],
        'node-standby': [lived('b', start, '2026-01-17T06:30:00Z'), lived('a', '2026-01-17T08:00:00Z', null)],
        mailbox: many(150),
      },
      samples: { 'storage-bytes': [sample('v', start, 500n * 10n ** 9n)] },
      counts: { 'messages-in': [counted('2026-01-09T00:00:00Z', 250_000)] },
    }),
    commitment: { amount: '600.00' },
    coupons: [{ id: 'ten', description: '10 %', off: 'percent', percent: decimal('10') }],
    tax: vat('19'),
  });
}

describe('worked cases: a whole month', () => {
  it('20 golden January', () => {
    const january = golden();
    assert.deepEqual(
      january.lines.map(({ minor }) => minor),
      [5952n, 8928n, 3713n, 22500n, 10000n, 7350n, 1557n],
    );
    assert.equal(january.discounts[0]!.minor, 6000n);
    assert.deepEqual(january.discounts[0]!.allocated, [595n, 893n, 371n, 2250n, 1000n, 735n, 156n]);
    assert.equal(january.net, 54000n);
    assert.equal(january.tax, 10260n);
    assert.equal(january.total, 64260n);
    assert.equal(january.total - 5000n, 59260n);
  });
  it('20 rated again: the same digest', () => {
    assert.equal(golden().digest, golden().digest);
    assert.equal(golden().inputDigest, golden().inputDigest);
    assert.notEqual(golden('10.00').digest, golden().digest);
  });
  it('14 late use of 10.00 under the commitment of test 20: the true-up falls from 1557 to 557, nothing owed', () => {
    const late = golden('10.00');
    assert.equal(late.lines.find(({ kind }) => kind === 'commitment')!.minor, 557n);
    assert.deepEqual(lateUsage(late, billedBy(golden()), vat('19')), { kind: 'nothing' });
  });
});

describe('further cases of the same kinds', () => {
  it('apportion splits negatives as the exact reversal', () => {
    const weights = [1, 1, 1].map((weight) => ratio(weight));
    assert.deepEqual(apportion(-100n, weights), [-34n, -33n, -33n]);
  });
  it('percentage of money, within bounds that shrink with the days', () => {
    const price = { model: 'percentage' as const, percent: decimal('2.5'), minimum: decimal('3') };
    const counts = { 'messages-in': [counted('2026-04-03T10:00:00Z', 99)] };
    const [line] = bill({ period: april, components: [component('messages', price)], usage: usage({ counts }) }).lines;
    assert.equal(line!.minor, 300n);
    assert.equal(toMinor(decimal('2.475'), 'EUR'), 248n);
  });
  it('periods anchored on the 31st tile through short months', () => {
    const months = ['2026-01', '2026-02', '2026-03', '2026-04'].map((name) => billingPeriod(name, 'UTC', 31));
    assert.deepEqual(
      months.map(({ from }) => new Date(from).toISOString().slice(0, 10)),
      ['2026-01-31', '2026-02-28', '2026-03-31', '2026-04-30'],
    );
    for (const [index, period] of months.slice(1).entries()) assert.equal(period.from, months[index]!.to);
  });
  it('zones whose midnight is skipped, doubled or gone with its whole day', () => {
    const starts = (name: string, zone: string) => billingPeriod(name, zone).dayStarts;
    const iso = (instant: number) => new Date(instant).toISOString();
    assert.equal(iso(starts('2018-11', 'America/Sao_Paulo')[3]!), '2018-11-04T03:00:00.000Z');
    assert.equal(iso(starts('2024-11', 'America/Havana')[2]!), '2024-11-03T04:00:00.000Z');
    assert.equal(starts('2011-12', 'Pacific/Apia').length, 30);
  });
});
