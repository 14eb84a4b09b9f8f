import { assert } from '#stdx';
import { compare, floor, type Ratio, ratio, round, subtract, sum, ZERO } from './ratio.ts';

/**
 * Splits `total` into whole parts in proportion to `weights`, by largest remainder: each part is its
 * exact share rounded down, and the units left over go to the largest fractions, the earlier first. The parts sum to
 * `total` exactly. Weights that sum to zero give the first part everything.
 */
export function apportion(total: bigint, weights: readonly Ratio[]): bigint[] {
  if (weights.length === 0) {
    assert(total === 0n, 'something to split needs someone to give it to');
    return [];
  }
  if (total < 0n) return apportion(-total, weights).map((part) => -part);
  const whole = sum(weights);
  if (whole.num === 0n) return weights.map((_, index) => (index === 0 ? total : 0n));
  const shares = weights.map((weight) => ratio(total * weight.num * whole.den, weight.den * whole.num));
  const parts = shares.map(floor);
  const left = Number(total - parts.reduce((a, b) => a + b, 0n));
  const byRemainder = shares
    .map((share, index) => ({ index, remainder: subtract(share, ratio(parts[index]!)) }))
    .sort((a, b) => compare(b.remainder, a.remainder) || a.index - b.index);
  for (const { index } of byRemainder.slice(0, left)) parts[index]! += 1n;
  return parts;
}

/**
 * Rounds consecutive exact amounts so that they sum to the rounded sum: each part is the rounded running total less the
 * one before it. 10.00 over three thirds → 333, 334, 333.
 */
export function roundCumulatively(amounts: readonly Ratio[]): bigint[] {
  let running: Ratio = ZERO;
  let before = 0n;
  return amounts.map((amount) => {
    running = sum([running, amount]);
    const upTo = round(running);
    const part = upTo - before;
    before = upTo;
    return part;
  });
}
