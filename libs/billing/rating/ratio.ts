import { assert } from '#stdx';

/** An exact fraction in lowest terms, `den` > 0. Quantities and money stay fractions until a line's one division. */
export interface Ratio {
  readonly num: bigint;
  readonly den: bigint;
}

/** `num / den` in lowest terms. Asserts `den` ≠ 0. */
export function ratio(num: bigint | number, den: bigint | number = 1n): Ratio {
  const n = BigInt(num);
  const d = BigInt(den);
  assert(d !== 0n, 'a ratio has no zero denominator');
  const divisor = d < 0n ? -gcd(n, d) : gcd(n, d);
  return { num: n / divisor, den: d / divisor };
}

export const ZERO: Ratio = { num: 0n, den: 1n };
export const ONE: Ratio = { num: 1n, den: 1n };

const DECIMAL = /^(-?)(\d{1,30})(?:\.(\d{1,30}))?$/;

/** Whether `text` is a plain decimal number: `-12`, `0.0245`; no exponent, at most 30 digits on each side. */
export const isDecimal = (text: string): boolean => DECIMAL.test(text);

/** Reads a plain decimal number exactly. Asserts the form: input from outside is checked with `isDecimal` first. */
export function decimal(text: string): Ratio {
  const match = DECIMAL.exec(text);
  assert(match, `a plain decimal number, not ${text.slice(0, 40)}`);
  const [, sign, whole, fraction = ''] = match;
  const magnitude = BigInt(`${whole}${fraction}`);
  return ratio(sign ? -magnitude : magnitude, 10n ** BigInt(fraction.length));
}

export function add(a: Ratio, b: Ratio): Ratio {
  return a.den === b.den ? ratio(a.num + b.num, a.den) : ratio(a.num * b.den + b.num * a.den, a.den * b.den);
}

export const negate = (a: Ratio): Ratio => ({ num: -a.num, den: a.den });
export const subtract = (a: Ratio, b: Ratio): Ratio => add(a, negate(b));
export const multiply = (a: Ratio, b: Ratio): Ratio => ratio(a.num * b.num, a.den * b.den);
export const divide = (a: Ratio, b: Ratio): Ratio => ratio(a.num * b.den, a.den * b.num);
export const sum = (terms: Iterable<Ratio>): Ratio => [...terms].reduce(add, ZERO);

/** Negative, zero or positive, as `a` is less than, equal to or greater than `b`. */
export function compare(a: Ratio, b: Ratio): -1 | 0 | 1 {
  const left = a.num * b.den;
  const right = b.num * a.den;
  return left < right ? -1 : left > right ? 1 : 0;
}

export const lesser = (a: Ratio, b: Ratio): Ratio => (compare(a, b) <= 0 ? a : b);
export const greater = (a: Ratio, b: Ratio): Ratio => (compare(a, b) >= 0 ? a : b);
export const isZero = (a: Ratio): boolean => a.num === 0n;

/** The greatest integer not above `a`. */
export function floor(a: Ratio): bigint {
  const quotient = a.num / a.den;
  return a.num < 0n && quotient * a.den !== a.num ? quotient - 1n : quotient;
}

/** The least integer not below `a`. */
export const ceiling = (a: Ratio): bigint => -floor(negate(a));

/** The nearest integer; a tie goes away from zero, so that a reversal is the exact negative. */
export function round(a: Ratio): bigint {
  const magnitude = a.num < 0n ? -a.num : a.num;
  const rounded = (2n * magnitude + a.den) / (2n * a.den);
  return a.num < 0n ? -rounded : rounded;
}

/**
 * As a plain decimal number with at most `digitsMax` digits after the point, trailing zeros dropped. For people and
 * documents: a fraction that does not end within them is rounded, so never compute on from it.
 */
export function formatDecimal(a: Ratio, digitsMax = 6): string {
  const scaled = round({ num: a.num * 10n ** BigInt(digitsMax), den: a.den });
  const digits = (scaled < 0n ? -scaled : scaled).toString().padStart(digitsMax + 1, '0');
  const whole = digits.slice(0, digits.length - digitsMax);
  const fraction = digits.slice(digits.length - digitsMax).replace(/0+$/, '');
  return `${scaled < 0n ? '-' : ''}${whole}${fraction ? `.${fraction}` : ''}`;
}

function gcd(a: bigint, b: bigint): bigint {
  let x = a < 0n ? -a : a;
  let y = b < 0n ? -b : b;
  while (y !== 0n) [x, y] = [y, x % y];
  return x === 0n ? 1n : x;
}
