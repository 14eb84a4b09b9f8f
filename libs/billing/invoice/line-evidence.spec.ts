import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import {
  type Count,
  type Interval,
  type PricedSegment,
  type Ratio,
  ratio,
  type Sample,
  sum,
  toMajor,
} from '#billing/rating';
import { evidenceOfLine } from './line-evidence.ts';
import { APRIL, per, priced, sampleMonth } from './sample-month.spec.ts';

const HOUR = 3_600_000;
const NAMES = ['a', 'b', 'c', 'd'];
const instants = fc.integer({ min: APRIL.from - 5 * 86_400_000, max: APRIL.to + 5 * 86_400_000 });
const lives = fc.array(
  fc.record({
    resource: fc.constantFrom(...NAMES),
    from: instants,
    length: fc.integer({ min: 1, max: 12 * 86_400_000 }),
    open: fc.boolean(),
  }),
  { maxLength: 25 },
);
const samples = fc.array(
  fc.record({
    resource: fc.constantFrom(...NAMES),
    at: instants,
    value: fc.integer({ min: 0, max: 10 ** 12 }).map((n) => ratio(n)),
  }),
  { maxLength: 25 },
);
const counts = fc.array(
  fc.record({
    resource: fc.constantFrom(...NAMES),
    at: fc.nat(719).map((hour) => APRIL.from + hour * HOUR),
    quantity: fc.nat(5_000).map((n) => ratio(n)),
  }),
  { maxLength: 40 },
);

const ALL = [
  priced('hours', per('0.08')),
  priced('peak', per('1.5')),
  priced('average', per('1.5')),
  priced('prorated', per('1.5')),
  priced('gigabyte-months', per('0.2')),
  priced('total', per('0.0004')),
  priced('level', per('0.3')),
  priced('maximum', per('0.7')),
  priced('unique', per('0.9')),
  priced('none', { model: 'flat', amount: ratio(99) }),
];

/** One price list for the month, or another from some date on, or one that comes back. */
const segmentsCutAt = (first: number, second: number): PricedSegment[] => {
  const [a, b] = [Math.min(first, second), Math.max(first, second)].map((day) => APRIL.dayStarts[day] ?? APRIL.to);
  const list = (version: string) => ({ version, currency: 'EUR', components: ALL });
  const spans = [
    { from: APRIL.from, to: a! },
    { from: a!, to: b! },
    { from: b!, to: APRIL.to },
  ].filter(({ from, to }) => from < to);
  const [one, two, three] = spans;
  return [
    { prices: list('v1'), spans: three ? [one!, three] : [one!] },
    ...(two ? [{ prices: list('v2'), spans: [two] }] : []),
  ];
};

const quantity = (found: readonly { readonly quantity: Ratio }[]): Ratio => sum(found.map((one) => one.quantity));

describe('evidence of a line', () => {
  it('sums to the line exactly, and by resource to each resource’s part, of every measure and however prices change', () => {
    fc.assert(
      fc.property(
        lives,
        samples,
        counts,
        fc.nat(30),
        fc.nat(30),
        fc.option(fc.integer({ min: APRIL.from + 1, max: APRIL.to })),
        (born, levels, counted, first, second, asOf) => {
          const intervals = born.map(
            ({ resource, from, length, open }): Interval => ({ resource, from, to: open ? null : from + length }),
          );
          const usage = {
            intervals: new Map([
              ['hub', intervals],
              ['mailbox', intervals],
            ]),
            samples: new Map<string, Sample[]>([
              ['storage-bytes', levels],
              ['addon.held', levels],
            ]),
            peaks: new Map<string, Count[]>([['addon.peak', counted]]),
            uniques: new Map([['addon.users', counted.map((one) => ({ ...one, at: [one.at] }))]]),
            counts: new Map<string, Count[]>([['messages-in', counted]]),
          };
          const month = sampleMonth({
            segments: segmentsCutAt(first, second),
            usage,
            commitment: '500',
            ...(asOf === null ? {} : { asOf }),
          });
          for (const line of month.rated.lines) {
            const evidence = evidenceOfLine(month, line, usage);
            assert.deepEqual(quantity(evidence), line.quantity, line.component);
            for (const [resource, parts] of Map.groupBy(line.parts, (part) => part.resource)) {
              const own = evidence.filter((one) => one.resource === resource);
              assert.deepEqual(quantity(own), quantity(parts), `${line.component} ${resource}`);
            }
          }
        },
      ),
      { numRuns: 150 },
    );
  });

  it('of a commitment, amounts that sum to what was missing', () => {
    const intervals = new Map([['hub', [{ resource: 'h', from: APRIL.from, to: APRIL.from + 100 * HOUR }]]]);
    const month = sampleMonth({
      segments: segmentsCutAt(10, 20),
      usage: { intervals },
      commitment: '500.005',
    });
    const line = month.rated.lines.find(({ kind }) => kind === 'commitment');
    assert(line);
    const evidence = evidenceOfLine(month, line, { counts: new Map() });
    const total = evidence.reduce((amount, { minor }) => amount + (minor ?? 0n), 0n);
    assert.deepEqual(toMajor(total, 'EUR'), line.exact);
    assert.equal(evidence[0]?.minor, 50_001n);
    assert.equal(evidence.filter(({ kind }) => kind === 'counted').length, 1);
  });
});
