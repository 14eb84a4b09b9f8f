import { createHash } from 'node:crypto';
import { err, ok, type Result } from '#stdx';
import { ID_CHARS_MAX, isText, LABEL_CHARS_MAX, readInstant } from './event-body.ts';

/** A CloudEvent 1.0 in structured JSON, as far as it is usage. Extension attributes say nothing here. */
export interface CloudEvent {
  readonly id: string;
  readonly source: string;
  /** Code of a meter. */
  readonly type: string;
  readonly subject: string;
  /** ISO 8601, milliseconds, UTC. */
  readonly at: string;
  /** As text, whatever it was sent as. */
  readonly value?: string;
  readonly label?: string;
}

/** Reads one from outside (CloudEvents 1.0.2 §3.1, its JSON format §3). The error names the attribute and what is wrong with it. */
export function readCloudEvent(input: unknown): Result<CloudEvent, string> {
  if (typeof input !== 'object' || input === null || Array.isArray(input)) return err('an event is an object');
  const given = input as Record<string, unknown>;
  if (given['specversion'] !== '1.0') return err('specversion is "1.0"');
  for (const name of ['id', 'source', 'type', 'subject'])
    if (!isText(given[name], ID_CHARS_MAX)) return err(`${name} is a text of 1 to ${ID_CHARS_MAX} characters`);
  const at = readInstant(given['time']);
  if (at === undefined) return err('time is an instant with date, time and offset (RFC 3339)');
  const contentType = given['datacontenttype'];
  if (contentType !== undefined && !/^application\/(.+\+)?json\b/i.test(String(contentType)))
    return err('datacontenttype is application/json');
  if (given['data_base64'] !== undefined) return err('data is JSON, not data_base64');
  const data = given['data'] ?? {};
  if (typeof data !== 'object' || Array.isArray(data)) return err('data is an object with value and label');
  const { value, label } = data as Record<string, unknown>;
  if (label !== undefined && !isText(label, LABEL_CHARS_MAX))
    return err(`data.label is a text of 1 to ${LABEL_CHARS_MAX} characters`);
  if (value !== undefined && typeof value !== 'number' && !isText(value, ID_CHARS_MAX))
    return err(`data.value is a number or a text of 1 to ${ID_CHARS_MAX} characters`);
  // JSON.parse has rounded it already: what was sent is not known any more.
  if (typeof value === 'number' && !(Math.abs(value) <= Number.MAX_SAFE_INTEGER))
    return err('data.value is within 2^53 - 1; larger values are sent as text');
  return ok({
    id: given['id'] as string,
    source: given['source'] as string,
    type: given['type'] as string,
    subject: given['subject'] as string,
    at,
    ...(value === undefined ? {} : { value: String(value) }),
    ...(label === undefined ? {} : { label: label as string }),
  });
}

/** SHA-256 over all an event says of usage: by what it is known again, whatever its meter is by then. */
export function cloudEventHash(partnerId: string, event: CloudEvent): Buffer {
  const { source, id, at, type, subject, value, label } = event;
  const body = ['cloudevent', partnerId, source, id, at, type, subject, value ?? null, label ?? null];
  return createHash('sha256').update(JSON.stringify(body)).digest();
}
