import { UsageError } from '../failure.ts';

function digitsOf(currency: string): number {
  return new Intl.NumberFormat('en', { style: 'currency', currency }).resolvedOptions().maximumFractionDigits ?? 2;
}

/** Minor units as people write them: 1234 EUR cents → `12.34`. */
export function money(minor: number, currency: string): string {
  const digits = digitsOf(currency);
  const [sign, text] = [minor < 0 ? '-' : '', String(Math.abs(minor)).padStart(digits + 1, '0')];
  return digits === 0 ? `${sign}${text}` : `${sign}${text.slice(0, -digits)}.${text.slice(-digits)}`;
}

/** `12.34` EUR → 1234, digit by digit. */
export function minorOf(amount: string, currency: string): number {
  if (!/^[A-Z]{3}$/.test(currency)) throw new UsageError(`--currency: three capital letters, not ${currency}`);
  const digits = digitsOf(currency);
  const [, whole, fraction = ''] = /^(\d{1,12})(?:\.(\d+))?$/.exec(amount) ?? [];
  if (whole === undefined || fraction.length > digits)
    throw new UsageError(`--amount: an amount in ${currency} with at most ${digits} decimal places, not ${amount}`);
  return Number(whole + fraction.padEnd(digits, '0'));
}
