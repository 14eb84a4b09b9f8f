import { multiply, type Ratio, ratio, round } from './ratio.ts';

// ISO 4217 (2024). A table of our own and not Intl's, which changes with the runtime: an old bill must come out again.
const NO_MINOR_UNIT = new Set('BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF'.split(' '));
const THOUSANDTHS = new Set('BHD IQD JOD KWD LYD OMR TND'.split(' '));

/** Digits after the point of a currency's smallest unit: 0 (JPY), 3 (KWD), else 2. */
export function minorDigits(currency: string): 0 | 2 | 3 {
  if (NO_MINOR_UNIT.has(currency)) return 0;
  return THOUSANDTHS.has(currency) ? 3 : 2;
}

const minorPerMajor = (currency: string): bigint => 10n ** BigInt(minorDigits(currency));

/** The one division of a line: exact major units to whole minor units, half away from zero. */
export function toMinor(major: Ratio, currency: string): bigint {
  return round(multiply(major, ratio(minorPerMajor(currency))));
}

export const toMajor = (minor: bigint, currency: string): Ratio => ratio(minor, minorPerMajor(currency));

/** `5952n` EUR → `59.52`; `8556n` JPY → `8556`. */
export function formatMinor(minor: bigint, currency: string): string {
  const digits = minorDigits(currency);
  const text = (minor < 0n ? -minor : minor).toString().padStart(digits + 1, '0');
  const whole = text.slice(0, text.length - digits);
  return `${minor < 0n ? '-' : ''}${whole}${digits ? `.${text.slice(-digits)}` : ''}`;
}
