import { createHash } from 'node:crypto';
import { err, ok, type Result } from '#stdx';
import type { AddOnEvent } from './meter.ts';
import {
  COUNTER_METERS,
  type CounterMeter,
  GAUGE_METERS,
  type GaugeMeter,
  INTERVAL_METERS,
  type IntervalMeter,
  type UsageEvent,
} from './usage-event.ts';

/** Longest accepted texts. 255 is what a CloudEvents id is commonly held to; an address has at most 320. */
export const ID_CHARS_MAX = 255;
export const LABEL_CHARS_MAX = 320;
/** The date and time of RFC 3339 with seconds, and what PostgreSQL and JavaScript read alike. */
const INSTANT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)$/;
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** Reads an event from outside. The error names the field and what is wrong with it. */
export function readUsageEvent(input: unknown): Result<UsageEvent, string> {
  if (typeof input !== 'object' || input === null) return err('an event is an object');
  const given = input as Record<string, unknown>;
  for (const name of ['id', 'source', 'subject']) {
    const value = given[name];
    if (!isText(value, ID_CHARS_MAX)) return err(`${name} is a text of 1 to ${ID_CHARS_MAX} characters`);
  }
  const { label, at, partnerId } = given;
  if (typeof partnerId !== 'string' || !UUID.test(partnerId)) return err('partnerId is a UUID');
  if (label !== undefined && !isText(label, LABEL_CHARS_MAX))
    return err(`label is a text of 1 to ${LABEL_CHARS_MAX} characters`);
  const instant = readInstant(at);
  if (instant === undefined) return err('at is an instant with date, time and offset (RFC 3339)');
  const base = {
    id: given['id'] as string,
    source: given['source'] as string,
    subject: given['subject'] as string,
    partnerId: partnerId.toLowerCase(),
    at: instant,
    ...(label === undefined ? {} : { label }),
  };
  return readKind(base, given);
}

type Base = Pick<UsageEvent, 'id' | 'source' | 'subject' | 'partnerId' | 'at' | 'label'>;

function readKind(base: Base, given: Record<string, unknown>): Result<UsageEvent, string> {
  const { kind, meter, quantity, value } = given;
  switch (kind) {
    case 'counter':
      if (!COUNTER_METERS.includes(meter as CounterMeter)) return err(`meter is one of ${COUNTER_METERS.join(', ')}`);
      if (!isAmount(quantity)) return err('quantity is a whole number from 0 to 2^53 - 1');
      return ok({ ...base, kind, meter: meter as CounterMeter, quantity });
    case 'gauge':
      if (!GAUGE_METERS.includes(meter as GaugeMeter)) return err(`meter is one of ${GAUGE_METERS.join(', ')}`);
      if (!isAmount(value)) return err('value is a whole number from 0 to 2^53 - 1');
      return ok({ ...base, kind, meter: meter as GaugeMeter, value });
    case 'start':
    case 'stop':
      if (!INTERVAL_METERS.includes(meter as IntervalMeter))
        return err(`meter is one of ${INTERVAL_METERS.join(', ')}`);
      return ok({ ...base, kind, meter: meter as IntervalMeter });
    default:
      return err('kind is counter, gauge, start or stop');
  }
}

/** An instant of RFC 3339 in UTC with milliseconds; `undefined` when it is none. */
export function readInstant(text: unknown): string | undefined {
  return typeof text === 'string' && INSTANT.test(text) && !Number.isNaN(Date.parse(text))
    ? new Date(text).toISOString()
    : undefined;
}

/** What an event counts: nothing for `start` and `stop`. */
export function quantityOf(event: UsageEvent | AddOnEvent): number | string | null {
  if ('quantity' in event) return event.quantity;
  return event.kind === 'gauge' ? event.value : null;
}

/** SHA-256 over everything an event says: equal for the same event sent twice, different for another under its id. */
export function payloadHash(event: UsageEvent): Buffer {
  const { partnerId, source, id, at, kind, meter, subject, label } = event;
  const body = [partnerId, source, id, at, kind, meter, subject, label ?? null, quantityOf(event)];
  return createHash('sha256').update(JSON.stringify(body)).digest();
}

/** Hash of something that could not even be read as an event. */
export const unreadableHash = (input: unknown): Buffer =>
  createHash('sha256')
    .update(JSON.stringify(input) ?? 'undefined')
    .digest();

/** U+0000 cannot be stored in PostgreSQL's text; no name needs a control character. */
export const isText = (value: unknown, charsMax: number): value is string =>
  typeof value === 'string' && value.length > 0 && value.length <= charsMax && !/[\u0000-\u001f\u007f]/.test(value);
const isAmount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;
