const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
const DAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];

/** RFC 5322 §4.3. Military letters and unknown names count as +0000, as it advises: senders used them wrongly. */
const ZONE_HOURS: Readonly<Record<string, number>> = {
  EDT: -4,
  EST: -5,
  CDT: -5,
  CST: -6,
  MDT: -6,
  MST: -7,
  PDT: -7,
  PST: -8,
};

const DATE =
  /(\d{1,2})[\s-]+([A-Za-z]{3})[A-Za-z]*\.?[\s-]+(\d{2,4})\b(?:[\s,]+(\d{1,2})\s*[:.]\s*(\d{1,2})(?:\s*[:.]\s*(\d{1,2}))?)?(?:[.,]\d+)?\s*(?:([ap]m)\b)?\s*(?:([+-]\s?\d{1,2}:?\d{2})\b|([A-Za-z]{1,5})\b)?/i;
/** asctime, as in mbox files: "Fri Nov 21 09:55:06 1997". */
const ASCTIME = /\b([A-Za-z]{3})\s+(\d{1,2})\s+(\d{1,2}):(\d{2})(?::(\d{2}))?\s+(?:([A-Z]{1,4})\s+)?(\d{4})/;
const ISO = /(\d{4})-(\d{2})-(\d{2})(?:[T ](\d{2}):(\d{2})(?::(\d{2}))?(?:\.\d+)?\s*(?:(Z)|([+-]\d{2}:?\d{2}))?)?/;

/**
 * The moment a Date field names, in milliseconds since the epoch; `null` when it names none. RFC 5322 §3.3 with §4.3's
 * obsolete zones and years, and the forms mail really has: comments, missing zone (UTC), missing seconds, asctime, ISO 8601.
 */
export function parseDate(text: string): number | null {
  const bare = withoutComments(text.slice(0, 200));
  const match = DATE.exec(bare);
  if (match) {
    const [, day, month, year, hour, minute, second, half, offset, zone] = match;
    const at = moment(fullYear(year!), MONTHS.indexOf(month!.toLowerCase()), day, hour, minute, second, half);
    if (at !== null) return at - offsetMs(offset, zone);
  }
  const asctime = ASCTIME.exec(bare);
  if (asctime) {
    const [, month, day, hour, minute, second, zone, year] = asctime;
    const at = moment(Number(year), MONTHS.indexOf(month!.toLowerCase()), day, hour, minute, second);
    if (at !== null) return at - offsetMs(undefined, zone);
  }
  const iso = ISO.exec(bare);
  if (iso) {
    const [, year, month, day, hour, minute, second, , offset] = iso;
    const at = moment(Number(year), Number(month) - 1, day, hour, minute, second);
    if (at !== null) return at - offsetMs(offset, undefined);
  }
  return null;
}

function withoutComments(text: string): string {
  if (!text.includes('(')) return text;
  let depth = 0;
  let out = '';
  for (const char of text) {
    if (char === '(') depth++;
    else if (char === ')' && depth > 0) depth--;
    else if (depth === 0) out += char;
  }
  return out;
}

/** RFC 5322 §4.3: 00–49 are 2000–2049, other years of two or three digits count from 1900. */
function fullYear(text: string): number {
  const year = Number(text);
  if (text.length >= 4) return year;
  return text.length === 2 && year < 50 ? year + 2000 : year + 1900;
}

function moment(
  year: number,
  month: number,
  day: string | undefined,
  hour = '0',
  minute = '0',
  second = '0',
  half?: string,
): number | null {
  let hours = Number(hour);
  if (half) hours = (hours % 12) + (half.toLowerCase() === 'pm' ? 12 : 0);
  // A leap second (60) is the second after it.
  if (month < 0 || hours > 24 || Number(minute) > 59 || Number(second) > 60) return null;
  const midnight = new Date(0);
  midnight.setUTCFullYear(year, month, Number(day));
  if (midnight.getUTCMonth() !== month || midnight.getUTCDate() !== Number(day)) return null;
  return midnight.getTime() + ((hours * 60 + Number(minute)) * 60 + Number(second)) * 1_000;
}

function offsetMs(offset: string | undefined, zone: string | undefined): number {
  if (offset) {
    const digits = offset.replace(/\D/g, '').padStart(4, '0');
    const minutes = Number(digits.slice(0, 2)) * 60 + Number(digits.slice(2));
    return (offset[0] === '-' ? -minutes : minutes) * 60_000;
  }
  return (zone ? (ZONE_HOURS[zone.toUpperCase()] ?? 0) : 0) * 3_600_000;
}

/** A date-time as RFC 5322 §3.3 writes it, in the zone given in minutes east of UTC: `Fri, 21 Nov 1997 09:55:06 -0600`. */
export function formatDate(at: number, zoneMinutes = 0): string {
  const local = new Date(at + zoneMinutes * 60_000);
  const month = MONTHS[local.getUTCMonth()]!;
  const date = `${local.getUTCDate()} ${month[0]!.toUpperCase()}${month.slice(1)} ${String(local.getUTCFullYear()).padStart(4, '0')}`;
  const pad = (value: number): string => String(Math.trunc(value)).padStart(2, '0');
  const time = [local.getUTCHours(), local.getUTCMinutes(), local.getUTCSeconds()].map(pad).join(':');
  const zone = Math.abs(zoneMinutes);
  return `${DAYS[local.getUTCDay()]}, ${date} ${time} ${zoneMinutes < 0 ? '-' : '+'}${pad(zone / 60)}${pad(zone % 60)}`;
}
