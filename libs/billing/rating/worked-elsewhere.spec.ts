import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  bill,
  component,
  counted,
  flat,
  input,
  list,
  lived,
  minorOf,
  PRICE,
  sample,
  unit,
  usage,
  vat,
} from './fixtures.spec.ts';
import {
  billingPeriod,
  creditTax,
  decimal,
  monthAfter,
  type PricedSegment,
  ratePeriod,
  taxAmount,
  taxOn,
} from './index.ts';

const QUARTER = 15 * 60_000;

/** The local dates of a period by the calendar alone, `[first, after)`. */
function datesOf(month: string, anchor: number): [string, string] {
  const anchored = (of: string): string => {
    const [year, index] = of.split('-').map(Number);
    const last = new Date(Date.UTC(year!, index!, 0)).getUTCDate();
    return `${of}-${String(Math.min(anchor, last)).padStart(2, '0')}`;
  };
  return [anchored(month), anchored(monthAfter(month))];
}

/** Every quarter of an hour of a period and its local dates, by asking Intl for the date of each. */
function counting(month: string, zone: string, anchor: number): { quarters: number; dates: number; from: number } {
  const format = new Intl.DateTimeFormat('sv-SE', { timeZone: zone, dateStyle: 'short' });
  const [first, after] = datesOf(month, anchor);
  const begin = Date.parse(`${first}T00:00:00Z`) - 2 * 86_400_000;
  const dates = new Set<string>();
  let quarters = 0;
  let from = 0;
  for (let at = begin; at < begin + 37 * 86_400_000; at += QUARTER) {
    const date = format.format(at);
    if (date < first || date >= after) continue;
    if (quarters++ === 0) from = at;
    dates.add(date);
  }
  return { quarters, dates: dates.size, from };
}

/** Half away from zero. */
const half = (num: bigint, den: bigint): bigint => (2n * num + den) / (2n * den);

describe('months elsewhere, against counting quarters of hours', () => {
  for (const [month, zone, why] of [
    ['2018-11', 'America/Sao_Paulo', 'midnight of the 4th does not exist'],
    ['2018-02', 'America/Sao_Paulo', 'the last hour of the 17th comes twice'],
    ['2026-04', 'Asia/Kathmandu', 'midnights lie between hours'],
    ['2011-12', 'Pacific/Apia', 'the 30th does not exist'],
    ['2021-04', 'Pacific/Apia', 'summer time ends for ever'],
    ['2026-04', 'Australia/Lord_Howe', 'half an hour comes twice'],
    ['2026-10', 'Australia/Lord_Howe', 'half an hour is missing'],
    ['2026-04', 'Africa/Cairo', 'midnight of a Friday does not exist'],
    ['2026-03', 'Asia/Beirut', 'midnight of a Sunday does not exist'],
    ['2026-11', 'America/Havana', 'the first hour of a Sunday comes twice'],
    ['2026-03', 'America/St_Johns', 'three and a half hours west'],
    ['2028-02', 'Europe/Berlin', 'leap'],
    ['2026-12', 'Pacific/Kiritimati', 'fourteen hours east'],
  ] as const)
    for (const anchor of [1, 15, 31])
      it(`${zone} ${month} from day ${anchor}: ${why}`, () => {
        const period = billingPeriod(month, zone, anchor);
        const slow = counting(month, zone, anchor);
        assert.equal(period.from, slow.from);
        assert.equal(period.to - period.from, slow.quarters * QUARTER);
        assert.equal(period.dayStarts.length, slow.dates);
        const components = list('hub', 'fee', 'mailboxProrated', 'storage');
        const born = new Date(period.dayStarts[9]! + 1).toISOString();
        const facts = usage({
          intervals: { hub: [lived('h', '2000-01-01T00:00:00Z', null)], mailbox: [lived('m', born, null)] },
          samples: { 'storage-bytes': [sample('v', '2000-01-01T00:00:00Z', 500_000_000_000)] },
        });
        const minors = bill({ period, components, usage: facts }).lines.map(({ component: id, minor }) => [id, minor]);
        assert.deepEqual(
          new Map(minors as [string, bigint][]),
          new Map([
            ['fee', 9_900n],
            ['hub', half(BigInt(slow.quarters) * 8n, 4n)],
            ['mailboxProrated', half(150n * BigInt(slow.dates - 9), BigInt(slow.dates))],
            ['storage', 10_000n],
          ]),
        );
      });
});

describe('more cases of money', () => {
  const april = billingPeriod('2026-04', 'UTC');
  const hubs = (hours: number) =>
    usage({
      intervals: { hub: [lived('h', '2026-04-01T00:00:00Z', new Date(april.from + hours * 3_600_000).toISOString())] },
    });

  it('several rates at once: each on its own sum, allocated within it', () => {
    const percents = new Map([
      ['standard', decimal('19')],
      ['reduced', decimal('7')],
      ['zero', decimal('0')],
    ]);
    const nets = [
      ['standard', 3_333n],
      ['reduced', 1_111n],
      ['standard', 3_333n],
      ['zero', 500n],
      ['reduced', 1_112n],
    ] as const;
    const { lines, allocated } = taxOn(
      nets.map(([taxClass, net]) => ({ taxClass, net })),
      { kind: 'rates', percents },
    );
    assert.deepEqual(
      lines.map(({ taxClass, category, tax }) => [taxClass, category, tax]),
      [
        ['reduced', 'S', half(2_223n * 7n, 100n)],
        ['standard', 'S', half(6_666n * 19n, 100n)],
        ['zero', 'Z', 0n],
      ],
    );
    assert.deepEqual(allocated, [634n, 78n, 633n, 0n, 78n]);
  });

  it('a coupon comes after the commitment, takes no more than there is, and the next takes of what is left', () => {
    const base = {
      period: april,
      components: list('hub'),
      usage: hubs(500),
      commitment: { amount: '600' },
      tax: vat('19'),
    };
    const amount = (minor: bigint) => ({ id: 'a', description: 'a', off: 'amount' as const, minor });
    const percent = (text: string) => ({ id: 'p', description: 'p', off: 'percent' as const, percent: decimal(text) });
    assert.equal(bill(base).net, 60_000n);
    assert.equal(bill({ ...base, coupons: [amount(70_000n)] }).total, 0n);
    assert.equal(bill({ ...base, coupons: [percent('100'), amount(1n)] }).total, 0n);
    const both = bill({ ...base, coupons: [amount(10_001n), percent('12.5')] });
    assert.equal(both.net, 49_999n - half(49_999n * 125n, 1_000n));
    assert.deepEqual(
      both.lines.map(({ minor }) => minor),
      [4_000n, 56_000n],
    );
  });

  it('a plan that changes on the very first date of the month holds for all of it', () => {
    const list_ = (version: string, price: string) => ({
      version,
      currency: 'EUR',
      components: [component('fee', flat(price))],
    });
    const march = billingPeriod('2026-03', 'America/Sao_Paulo', 31);
    const next = billingPeriod('2026-04', 'America/Sao_Paulo', 31);
    assert.equal(march.to, next.from);
    const segments = (period: typeof march): PricedSegment[] => [
      { prices: list_(period === march ? 'old' : 'new', period === march ? '99' : '149'), spans: [period] },
    ];
    for (const [period, fee] of [
      [march, 9_900n],
      [next, 14_900n],
    ] as const) {
      const rated = ratePeriod({ ...input({ period, components: [], usage: usage({}) }), segments: segments(period) });
      assert.deepEqual(
        rated.lines.map(({ minor }) => minor),
        [fee],
      );
    }
  });

  it('yen and dinars: no hundredths, thousandths', () => {
    const of = (currency: string, price: string, hours: number) => ({
      period: april,
      components: [component('hub', unit(price))],
      usage: hubs(hours),
      currency,
    });
    assert.equal(minorOf(of('JPY', '11.5', 33)), 380n);
    assert.equal(bill({ ...of('JPY', '33.3', 30), tax: vat('10') }).tax, 100n);
    assert.equal(minorOf(of('KWD', '0.0245', 701)), 17_175n);
    assert.equal(minorOf(of('KWD', '0.00005', 30)), 2n);
    assert.equal(
      bill({
        ...of('JPY', '33.3', 30),
        coupons: [{ id: 'c', description: 'c', off: 'percent', percent: decimal('15') }],
      }).net,
      999n - 150n,
    );
  });

  it('an invoice credited in part, then in whole: the tax of both is the invoice’s', () => {
    for (const rate of ['19', '25.5', '7', '20', '0.125'])
      for (const [net, part] of [
        [27_916n, 6_833n],
        [101n, 50n],
        [1n, 1n],
        [99_999n, 33_333n],
        [5n, 4n],
      ] as const) {
        const percent = decimal(rate);
        const [whole, fraction = ''] = rate.split('.');
        const scale = 10n ** BigInt(fraction.length);
        const tax = (amount: bigint): bigint => half(amount * BigInt(`${whole}${fraction}`), 100n * scale);
        assert.equal(creditTax(net, part, percent), tax(net) - tax(net - part));
        assert.equal(
          creditTax(net, part, percent) + creditTax(net - part, net - part, percent),
          taxAmount(net, percent),
        );
      }
  });

  it('tiers in a part of a month: bounds by its days, at every bound exactly', () => {
    const prices = { version: 'v', currency: 'EUR', components: [component('messages', PRICE.messages)] };
    const spans = [{ from: april.dayStarts[20]!, to: april.to }];
    for (const [messages, cents] of [
      [3_333, 0n],
      [3_334, 0n],
      [3_346, 1n],
      [33_333, 1_200n],
      [33_334, 1_200n],
      [50_000, 1_617n],
    ] as const) {
      const facts = usage({ counts: { 'messages-in': [counted('2026-04-22T00:00:00Z', messages)] } });
      const rated = ratePeriod({
        ...input({ period: april, components: [], usage: facts }),
        segments: [{ prices, spans }],
      });
      assert.equal(rated.lines.find(({ kind }) => kind === 'messages')?.minor ?? 0n, cents, String(messages));
    }
  });
});
