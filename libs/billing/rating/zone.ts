/** Instants are whole milliseconds since the Unix epoch; days are counted from 1970-01-01 in local dates. */
const DAY_MS = 86_400_000;
const formats = new Map<string, Intl.DateTimeFormat>();

/** Whether `zone` is an IANA time zone this runtime knows. */
export function isTimeZone(zone: string): boolean {
  try {
    formatOf(zone);
    return true;
  } catch {
    return false;
  }
}

/** Number of the local date an instant falls on (0 = 1970-01-01). */
export function localDay(instant: number, zone: string): number {
  return Math.floor(localMs(instant, zone) / DAY_MS);
}

/** First instant of a local date. Where the clock skips midnight (or the whole date), the first instant after it. */
export function startOfLocalDay(day: number, zone: string): number {
  const midnight = day * DAY_MS;
  // The offset on either side of a change near midnight; the earlier instant wins where midnight comes twice.
  for (const near of [midnight - DAY_MS, midnight + DAY_MS]) {
    const candidate = midnight - (localMs(near, zone) - near);
    if (localMs(candidate, zone) === midnight) return candidate;
  }
  // Offsets lie within UTC-12 and UTC+14.
  let before = midnight - 15 * 3_600_000;
  let after = midnight + 26 * 3_600_000;
  while (after - before > 1) {
    const middle = Math.floor((before + after) / 2);
    if (localDay(middle, zone) >= day) after = middle;
    else before = middle;
  }
  return after;
}

/** Day number of a calendar date; `month` 1 … 12, `day` beyond the month's end runs on. */
export const dayNumber = (year: number, month: number, day: number): number => Date.UTC(year, month - 1, day) / DAY_MS;

/** `2026-11-23` of a day number. */
export const isoDay = (day: number): string => new Date(day * DAY_MS).toISOString().slice(0, 10);

/** What a local clock shows at the instant, as if it were UTC. */
function localMs(instant: number, zone: string): number {
  if (zone === 'UTC') return instant;
  const shown: Record<string, number> = {};
  for (const { type, value } of formatOf(zone).formatToParts(instant)) shown[type] = Number(value);
  const seconds = Date.UTC(
    shown['year']!,
    shown['month']! - 1,
    shown['day']!,
    shown['hour']!,
    shown['minute']!,
    shown['second']!,
  );
  return seconds + (((instant % 1_000) + 1_000) % 1_000);
}

function formatOf(zone: string): Intl.DateTimeFormat {
  let format = formats.get(zone);
  if (!format) {
    format = new Intl.DateTimeFormat('en-US', {
      timeZone: zone,
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    });
    formats.set(zone, format);
  }
  return format;
}
