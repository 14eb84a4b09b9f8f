import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { component, graduated, input, month, NO_TAX, PRICE, usage, vat } from './fixtures.spec.ts';
import {
  add,
  apportion,
  billedBy,
  billingPeriod,
  charge,
  compare,
  creditTax,
  decimal,
  divide,
  formatDecimal,
  type Interval,
  lateUsage,
  monthAfter,
  monthOf,
  type PricedSegment,
  ratePeriod,
  ratio,
  resourceHours,
  round,
  roundCumulatively,
  sum,
  taxAmount,
} from './index.ts';

const ZONES = ['UTC', 'Europe/Berlin', 'America/New_York', 'Asia/Kolkata', 'Australia/Lord_Howe', 'Africa/Cairo'];
const months = fc
  .tuple(fc.integer({ min: 2020, max: 2040 }), fc.integer({ min: 1, max: 12 }))
  .map(([year, index]) => `${year}-${String(index).padStart(2, '0')}`);
const zones = fc.constantFrom(...ZONES);
const ratios = fc.tuple(fc.bigInt(-(10n ** 12n), 10n ** 12n), fc.bigInt(1n, 10n ** 9n)).map(([n, d]) => ratio(n, d));
const weights = fc.array(
  fc.nat(10_000).map((n) => ratio(n, 7)),
  { minLength: 1, maxLength: 20 },
);
const total = (amounts: readonly bigint[]) => amounts.reduce((a, b) => a + b, 0n);

const april = month('2026-04');
const instant = fc.integer({ min: april.from - 10 ** 9, max: april.to + 10 ** 9 });
const intervals = fc
  .array(
    fc
      .tuple(instant, fc.nat(10 ** 9), fc.boolean())
      .map(([from, length, open]) => ({ from, to: open ? null : from + length })),
    { maxLength: 30 },
  )
  .map((lives) => lives.map((life, index): Interval => ({ resource: `r${index}`, ...life })));

describe('rating, for any input', () => {
  it('adds and rounds exactly', () => {
    fc.assert(
      fc.property(ratios, ratios, (a, b) => {
        assert.deepEqual(add(a, b), add(b, a));
        assert.equal(compare(add(a, b), a), compare(b, ratio(0)));
        assert.equal(round({ num: -a.num, den: a.den }), -round(a));
        const error = add(a, ratio(-round(a)));
        assert.ok(compare(error.num < 0n ? ratio(-error.num, error.den) : error, ratio(1, 2)) <= 0);
        if (b.num !== 0n)
          assert.deepEqual(divide(divide(a, b), divide(a.num === 0n ? ratio(1) : a, b)), a.num === 0n ? a : ratio(1));
      }),
    );
  });
  it('reads back the decimals it writes', () => {
    fc.assert(
      fc.property(fc.bigInt(-(10n ** 15n), 10n ** 15n), (n) => {
        const value = ratio(n, 10n ** 6n);
        assert.deepEqual(decimal(formatDecimal(value, 6)), value);
      }),
    );
  });
  it('apportions without loss, within one unit of the exact share, in order of weight', () => {
    fc.assert(
      fc.property(fc.bigInt(-100_000n, 100_000n), weights, (amount, shares) => {
        const parts = apportion(amount, shares);
        assert.equal(total(parts), amount);
        const whole = sum(shares);
        if (whole.num === 0n) return;
        for (const [index, part] of parts.entries()) {
          const exact = divide(ratio(amount * shares[index]!.num, shares[index]!.den), whole);
          const off = add(exact, ratio(-part));
          assert.ok(compare(off.num < 0n ? ratio(-off.num, off.den) : off, ratio(1)) < 0);
        }
      }),
    );
  });
  it('rounds running totals so that the parts make the whole', () => {
    fc.assert(
      fc.property(fc.array(ratios, { minLength: 1, maxLength: 12 }), (amounts) => {
        assert.equal(total(roundCumulatively(amounts)), round(sum(amounts)));
      }),
    );
  });
  it('tiles time: a period ends where the next begins, in every zone', () => {
    fc.assert(
      fc.property(months, zones, fc.integer({ min: 1, max: 31 }), (name, zone, anchor) => {
        const period = billingPeriod(name, zone, anchor);
        assert.equal(period.to, billingPeriod(monthAfter(name), zone, anchor).from);
        assert.deepEqual(
          period.dayStarts,
          [...period.dayStarts].sort((a, b) => a - b),
        );
        for (const inside of [period.from, period.to - 1]) assert.equal(monthOf(inside, zone, anchor), name);
      }),
      { numRuns: 60 },
    );
  });
  it('charges more for more on graduated tiers, and nothing jumps at a bound', () => {
    fc.assert(
      fc.property(fc.nat(300_000), fc.nat(300_000), (a, b) => {
        const [less, more] = a < b ? [a, b] : [b, a];
        const cost = (quantity: number) => charge(PRICE.messages, ratio(quantity));
        assert.ok(compare(cost(less), cost(more)) <= 0);
        assert.ok(compare(add(cost(more + 1), { num: -cost(more).num, den: cost(more).den }), decimal('0.0004')) <= 0);
      }),
    );
  });
  it('gives each resource its share: parts sum to the line, in hours, averages, dates and peaks', () => {
    const names = ['hub', 'mailboxAverage', 'mailboxProrated', 'mailboxPeak'] as const;
    fc.assert(
      fc.property(intervals, fc.constantFrom(...names), (lives, name) => {
        const used = usage({ intervals: { hub: lives, mailbox: lives } });
        const rated = ratePeriod(input({ period: april, components: [component(name, PRICE[name])], usage: used }));
        for (const line of rated.lines) {
          assert.equal(total(line.parts.map(({ minor }) => minor)), line.minor);
          assert.deepEqual(sum(line.parts.map(({ quantity }) => quantity)), line.quantity);
        }
      }),
    );
  });
  it('measures the same whether a period is cut by a price change or not', () => {
    fc.assert(
      fc.property(intervals, fc.integer({ min: 1, max: 29 }), (lives, cut) => {
        const used = usage({ intervals: { hub: lives } });
        const components = [component('hub', PRICE.hub)];
        const base = input({ period: april, components, usage: used });
        const middle = april.dayStarts[cut]!;
        const segments: PricedSegment[] = [
          { prices: { version: 'a', currency: 'EUR', components }, spans: [{ from: april.from, to: middle }] },
          { prices: { version: 'b', currency: 'EUR', components }, spans: [{ from: middle, to: april.to }] },
        ];
        const quantity = (rated: ReturnType<typeof ratePeriod>) => sum(rated.lines.map((line) => line.quantity));
        assert.deepEqual(quantity(ratePeriod({ ...base, segments })), quantity(ratePeriod(base)));
      }),
    );
  });
  it('a node’s active and standby hours and the rest of its life are its life, however often it failed over', () => {
    const turns = fc.array(
      fc.tuple(fc.integer({ min: 1, max: 400 * 3_600_000 }), fc.constantFrom('active', 'standby', 'none')),
      {
        minLength: 1,
        maxLength: 20,
      },
    );
    fc.assert(
      fc.property(turns, zones, (lives, zone) => {
        const roles: Record<string, Interval[]> = { active: [], standby: [], none: [] };
        const born = april.from - 200 * 3_600_000;
        let at = born;
        for (const [length, role] of lives) {
          roles[role]!.push({ resource: 'n', from: at, to: at + length });
          at += length;
        }
        const period = month('2026-04', zone);
        const hours = (own: Interval[]) => resourceHours(own, [period]).quantity;
        const parts = sum([hours(roles['active']!), hours(roles['standby']!), hours(roles['none']!)]);
        assert.deepEqual(parts, hours([{ resource: 'n', from: born, to: at }]));
      }),
    );
  });
  it('does not care in what order facts came', () => {
    fc.assert(
      fc.property(intervals, (lives) => {
        const rate = (order: Interval[]) =>
          ratePeriod(
            input({
              period: april,
              components: [component('hub', PRICE.hub), component('mailboxPeak', PRICE.mailboxPeak)],
              usage: usage({ intervals: { hub: order, mailbox: order } }),
            }),
          ).digest;
        assert.equal(rate(lives), rate(lives.toReversed()));
      }),
    );
  });
  it('credits an invoice to the cent in any cuts and order', () => {
    fc.assert(
      fc.property(
        fc.array(fc.bigInt(1n, 100_000n), { minLength: 1, maxLength: 15 }),
        fc.integer({ min: 0, max: 30 }),
        (parts, rate) => {
          const percent = ratio(rate);
          let remaining = total(parts);
          const charged = taxAmount(remaining, percent);
          let given = 0n;
          for (const part of parts) {
            given += creditTax(remaining, part, percent);
            remaining -= part;
          }
          assert.equal(given, charged);
        },
      ),
    );
  });
  it('bills late usage so that first bill and delta make the bill of everything', () => {
    fc.assert(
      fc.property(fc.nat(150_000), fc.nat(150_000), fc.nat(60), (early, late, committed) => {
        const rate = (quantity: number) =>
          ratePeriod(
            input({
              period: april,
              components: [component('messages', graduated([10_000, '0'], [null, '0.0004']))],
              usage: usage({
                counts: { 'messages-in': [{ resource: 'mx', at: april.from, quantity: ratio(quantity) }] },
              }),
              commitment: { amount: String(committed) },
              coupons: [{ id: 'c', description: 'c', off: 'percent', percent: decimal('10') }],
              tax: NO_TAX,
            }),
          );
        const [before, after] = [rate(early), rate(early + late)];
        const outcome = lateUsage(after, billedBy(before), vat('19'));
        assert.equal(before.net + (outcome.kind === 'nothing' ? 0n : outcome.net), after.net);
      }),
    );
  });
});
