import { assert } from '#stdx';
import { type Ratio, ratio } from './ratio.ts';
import { dayNumber, localDay, startOfLocalDay } from './zone.ts';

/** Half-open [from, to) between two instants. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

/**
 * A billing month [from, to) as instants, cut at local midnights of the partner's time zone. Its length is elapsed time,
 * never days × 86,400: March in Berlin has 743 hours.
 */
export interface BillingPeriod extends Span {
  /** `YYYY-MM` of the month it begins in. */
  readonly month: string;
  readonly zone: string;
  /** First instant of each local date in it, ascending; the first is `from`. */
  readonly dayStarts: readonly number[];
}

const MONTH = /^(\d{4})-(0[1-9]|1[0-2])$/;

/** Whether `text` is a month: `2026-11`. */
export const isMonth = (text: string): boolean => MONTH.test(text);

/**
 * The period that begins in `month` (`YYYY-MM`) on `anchorDay` (1 … 31; in shorter months their last day) and ends where
 * the next begins. Asserts the form of `month`.
 */
export function billingPeriod(month: string, zone: string, anchorDay = 1): BillingPeriod {
  const match = MONTH.exec(month);
  assert(match, `a month is YYYY-MM, not ${month.slice(0, 20)}`);
  const year = Number(match[1]);
  const first = anchored(year, Number(match[2]), anchorDay);
  const end = anchored(year, Number(match[2]) + 1, anchorDay);
  const to = startOfLocalDay(end, zone);
  const starts = new Set<number>();
  // A date the zone skipped (Apia, 30 December 2011) begins where the next one does and is no day of the period.
  for (let day = first; day < end; day++) starts.add(startOfLocalDay(day, zone));
  starts.delete(to);
  const dayStarts = [...starts];
  return { month, zone, from: dayStarts[0]!, to, dayStarts };
}

/** Month of the period an instant falls in. */
export function monthOf(instant: number, zone: string, anchorDay = 1): string {
  const day = localDay(instant, zone);
  const date = new Date(day * 86_400_000);
  const before = day < anchored(date.getUTCFullYear(), date.getUTCMonth() + 1, anchorDay) ? 1 : 0;
  return new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() - before, 1)).toISOString().slice(0, 7);
}

/** `2026-12` → `2027-01`. */
export function monthAfter(month: string, months = 1): string {
  const [year, index] = month.split('-').map(Number);
  return new Date(Date.UTC(year!, index! - 1 + months, 1)).toISOString().slice(0, 7);
}

/** The part of `span` inside `bounds`, or `undefined` when they do not meet. */
export function clip(span: Span, bounds: Span): Span | undefined {
  const from = Math.max(span.from, bounds.from);
  const to = Math.min(span.to, bounds.to);
  return from < to ? { from, to } : undefined;
}

/** Index of the first local date of the period that `span` touches, and of the first after it that it does not. */
export function daysTouched(period: BillingPeriod, span: Span): { readonly first: number; readonly after: number } {
  const inside = clip(span, period);
  if (!inside) return { first: 0, after: 0 };
  return { first: dayIndex(period, inside.from), after: dayIndex(period, inside.to - 1) + 1 };
}

/** Local dates the span covers, as a share of the period's: 11 … 30 April → 20/30. */
export function shareOfDays(period: BillingPeriod, span: Span): Ratio {
  const { first, after } = daysTouched(period, span);
  return ratio(after - first, period.dayStarts.length);
}

/** Start of the local date of an instant: a change of plan belongs, with its whole day, to the new plan. */
export const startOfDay = (instant: number, zone: string): number => startOfLocalDay(localDay(instant, zone), zone);

function dayIndex(period: BillingPeriod, instant: number): number {
  let low = 0;
  let high = period.dayStarts.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (period.dayStarts[middle]! <= instant) low = middle;
    else high = middle - 1;
  }
  return low;
}

function anchored(year: number, month: number, anchorDay: number): number {
  const last = new Date(Date.UTC(year, month, 0)).getUTCDate();
  return dayNumber(year, month, Math.min(anchorDay, last));
}
