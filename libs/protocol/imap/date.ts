const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
/** Milliseconds of one calendar day in UTC. */
export const DAY_MS = 86_400_000;

/** `" 1-Feb-2026 10:00:00 +0000"` without the quotes: RFC 9051 §9 `date-time`, always in UTC. */
export function formatDateTime(ms: number): string {
  const date = new Date(ms);
  const day = date.getUTCDate();
  return `${day < 10 ? ' ' : ''}${day}-${MONTHS[date.getUTCMonth()]}-${String(date.getUTCFullYear()).padStart(4, '0')} ${two(
    date.getUTCHours(),
  )}:${two(date.getUTCMinutes())}:${two(date.getUTCSeconds())} +0000`;
}

const two = (n: number): string => (n < 10 ? `0${n}` : `${n}`);

/** Milliseconds since the epoch of a `date-time` without its quotes, or `null`. */
export function parseDateTime(text: string): number | null {
  const match = /^([ 0-3]?\d)-([A-Za-z]{3})-(\d{4}) (\d\d):(\d\d):(\d\d) ([+-])(\d\d)(\d\d)$/.exec(text);
  if (!match) return null;
  const [, day, month, year, hour, minute, second, sign, zoneHour, zoneMinute] = match;
  const midnight = utcMidnight(Number(day), month!, Number(year));
  if (midnight === null || Number(hour) > 23 || Number(minute) > 59 || Number(second) > 60 || Number(zoneMinute) > 59)
    return null;
  const zoneMs = (Number(zoneHour) * 60 + Number(zoneMinute)) * 60_000 * (sign === '-' ? -1 : 1);
  return midnight + ((Number(hour) * 60 + Number(minute)) * 60 + Number(second)) * 1000 - zoneMs;
}

/** Midnight UTC, in milliseconds, of a `date` (`1-Feb-2026`) without quotes, or `null`. */
export function parseDate(text: string): number | null {
  const match = /^(\d{1,2})-([A-Za-z]{3})-(\d{4})$/.exec(text);
  return match ? utcMidnight(Number(match[1]), match[2]!, Number(match[3])) : null;
}

/** Midnight UTC of the calendar day named in a message's Date field, its time and zone disregarded (SENTON and kin), or `null`. */
export function dayOfDateField(field: string): number | null {
  const match = /(?:^|[\s,])(\d{1,2})[\s-]+([A-Za-z]{3})[a-z]*[\s-]+(\d{2,4})(?:\s|$)/.exec(field);
  if (!match) return null;
  const year = Number(match[3]);
  // RFC 5322 §4.3: two digits below 50 are 20xx, other two or three digits 19xx.
  const full = match[3]!.length === 4 ? year : year + (match[3]!.length === 2 && year < 50 ? 2000 : 1900);
  return utcMidnight(Number(match[1]), match[2]!, full);
}

function utcMidnight(day: number, monthName: string, year: number): number | null {
  const month = MONTHS.indexOf(monthName[0]!.toUpperCase() + monthName.slice(1).toLowerCase());
  if (month < 0 || day < 1) return null;
  // Date.UTC reads years 0–99 as 1900–1999, so the year is set by itself.
  const date = new Date(0);
  date.setUTCFullYear(year, month, day);
  return date.getUTCDate() === day && date.getUTCMonth() === month ? date.getTime() : null;
}
