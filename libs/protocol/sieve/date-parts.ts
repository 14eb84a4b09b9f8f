import { formatDate, parseDate } from '#protocol/message';

/** A moment as a header names it. */
export interface ZonedDate {
  /** Milliseconds since the epoch. */
  readonly at: number;
  /** Minutes east of UTC the header says it in. */
  readonly zoneMinutes: number;
}

const pad = (value: number, width = 2): string => String(value).padStart(width, '0');

/** Days between the Julian day of 17 November 1858 and the epoch (RFC 5260 §4.2). */
const MODIFIED_JULIAN_EPOCH = 40_587;
const DAY_MS = 86_400_000;

/** Parts of a date (RFC 5260 §4.2), of the local time given as if it were UTC. */
const PARTS: Readonly<Record<string, (local: Date, zoneMinutes: number) => string>> = {
  year: (local) => pad(local.getUTCFullYear(), 4),
  month: (local) => pad(local.getUTCMonth() + 1),
  day: (local) => pad(local.getUTCDate()),
  date: (local) => local.toISOString().slice(0, 10),
  julian: (local) => String(Math.floor(local.getTime() / DAY_MS) + MODIFIED_JULIAN_EPOCH),
  hour: (local) => pad(local.getUTCHours()),
  minute: (local) => pad(local.getUTCMinutes()),
  second: (local) => pad(local.getUTCSeconds()),
  time: (local) => local.toISOString().slice(11, 19),
  iso8601: (local, zone) => `${local.toISOString().slice(0, 19)}${formatZone(zone, ':')}`,
  std11: (local, zone) => formatDate(local.getTime() - zone * 60_000, zone),
  zone: (_local, zone) => formatZone(zone, ''),
  weekday: (local) => String(local.getUTCDay()),
};

export const DATE_PARTS: ReadonlySet<string> = new Set(Object.keys(PARTS));

/** `undefined` for a part there is not, or a year no date has. */
export function datePart(part: string, at: number, zoneMinutes: number): string | undefined {
  const local = new Date(at + zoneMinutes * 60_000);
  if (Number.isNaN(local.getTime()) || !DATE_PARTS.has(part)) return undefined;
  return PARTS[part]!(local, zoneMinutes);
}

function formatZone(zoneMinutes: number, separator: string): string {
  const minutes = Math.abs(zoneMinutes);
  return `${zoneMinutes < 0 ? '-' : '+'}${pad(Math.floor(minutes / 60))}${separator}${pad(minutes % 60)}`;
}

/** `+0100` in minutes; `undefined` when it is not one. */
export function parseZone(text: string): number | undefined {
  const found = /^([+-])(\d{2})([0-5]\d)$/.exec(text);
  if (!found) return undefined;
  const minutes = Number(found[2]) * 60 + Number(found[3]);
  return found[1] === '-' ? -minutes : minutes;
}

/** The date of a field's value; of one with a semicolon, as Received has, what follows the last (RFC 5260 §4). */
export function zonedDate(value: string): ZonedDate | undefined {
  const text = value.slice(value.lastIndexOf(';') + 1).trim();
  const at = parseDate(text);
  if (at === null) return undefined;
  // What the reader took for UTC less what it made of it is the zone, whatever its spelling.
  const zone = /([+-]\d{4})\s*(?:\(|$)/.exec(text)?.[1];
  return { at, zoneMinutes: (zone === undefined ? undefined : parseZone(zone)) ?? 0 };
}
