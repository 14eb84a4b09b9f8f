import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { decimal, formatDecimal, ratio, type Usage } from '#billing/rating';
import { basisText, forecastOf } from './forecast.ts';
import { APRIL, per, priced, type SampleTerms, sampleMonth, whole } from './sample-month.spec.ts';

const [half, dayTen] = [APRIL.dayStarts[15]!, APRIL.dayStarts[10]!];

/** The forecast at `asOf` of what has been counted since the month began. */
function at(asOf: number, terms: Omit<SampleTerms, 'asOf'>) {
  const counts: Usage['counts'] = terms.usage.counts ?? new Map();
  return forecastOf(sampleMonth({ ...terms, asOf }), { from: APRIL.from, to: asOf }, counts);
}

describe('forecast', () => {
  it('what runs goes on, what ended does not, what is stored stays', () => {
    const usage = {
      intervals: new Map([
        [
          'hub',
          [
            { resource: 'runs', from: APRIL.from, to: null },
            { resource: 'ended', from: APRIL.from, to: dayTen },
          ],
        ],
      ]),
      samples: new Map([['storage-bytes', [{ resource: 'v', at: APRIL.from, value: ratio(3n * 10n ** 9n) }]]]),
    };
    const components = [priced('hours', per('0.08')), priced('gigabyte-months', per('0.20'))];
    const { lines, expected, toDate } = at(half, { segments: whole(components), usage });
    const [hub, storage] = lines;
    assert.deepEqual(
      [hub!.toDate, hub!.expected].map(({ quantity }) => formatDecimal(quantity)),
      [String((15 + 10) * 24), String((30 + 10) * 24)],
    );
    assert.equal(basisText(hub!.basis), '1 running now go on');
    assert.deepEqual([storage!.toDate.minor, storage!.expected.minor], [30n, 60n]);
    assert.equal(basisText(storage!.basis), '3 GB stored now stay');
    assert.equal(toDate.rated.net, 4_800n + 30n);
    assert.equal(expected.net, 7_680n + 60n);
  });

  it('counters go on at their rate, over tiers and a price that changes', () => {
    const tiers = [
      { upTo: ratio(10_000), price: decimal('0') },
      { upTo: null, price: decimal('0.01') },
    ];
    const components = [priced('total', { model: 'graduated', tiers })];
    const counts = new Map([['messages-in', [{ resource: 'mx', at: APRIL.from, quantity: ratio(9_000) }]]]);
    const { lines, expected } = at(half, { segments: whole(components), usage: { counts } });
    assert.deepEqual([lines[0]!.toDate.minor, lines[0]!.expected.minor], [0n, 8_000n]);
    assert.equal(basisText(lines[0]!.basis), '600 a day go on');
    assert.equal(expected.total, 9_520n);
  });

  it('fees are whole, a commitment is what will be missing, coupon and tax are of the expected whole', () => {
    const components = [priced('hours', per('1')), priced('none', { model: 'flat', amount: ratio(99) })];
    const intervals = new Map([['hub', [{ resource: 'h', from: APRIL.from, to: null }]]]);
    const { lines, expected } = at(half, {
      segments: whole(components),
      usage: { intervals },
      commitment: '1000',
      coupons: [{ id: 'c', description: 'Ten', off: 'percent', percent: ratio(10) }],
    });
    assert.deepEqual(
      lines.map(({ line, toDate, expected: then, basis }) => [line.kind, toDate.minor, then.minor, basis.kind]),
      [
        ['fee', 9_900n, 9_900n, 'fixed'],
        ['add-on', 36_000n, 72_000n, 'running'],
        ['commitment', 64_000n, 28_000n, 'commitment'],
      ],
    );
    assert.equal(expected.net, 98_910n);
    assert.equal(expected.tax, 18_793n);
  });

  it('at the end of the month it is the bill itself; before any time has passed it has no rate', () => {
    fc.assert(
      fc.property(fc.nat(100_000), fc.integer({ min: 0, max: 29 }), (quantity, day) => {
        const counts = new Map([['messages-in', [{ resource: 'mx', at: APRIL.from, quantity: ratio(quantity) }]]]);
        const intervals = new Map([['hub', [{ resource: 'h', from: APRIL.dayStarts[day]!, to: null }]]]);
        const components = [priced('hours', per('0.08')), priced('total', per('0.0004'))];
        const terms = { segments: whole(components), usage: { counts, intervals }, commitment: '20' };
        const end = at(APRIL.to, terms);
        assert.equal(end.expected.digest, end.toDate.rated.digest);
        const begun = forecastOf(
          sampleMonth({ ...terms, asOf: APRIL.from }),
          { from: APRIL.from, to: APRIL.from },
          new Map(),
        );
        assert.ok(begun.expected.net >= 2_000n);
      }),
      { numRuns: 40 },
    );
  });
});
