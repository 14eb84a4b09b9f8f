import type { Address, BodyPart, Envelope } from './model.ts';

/**
 * Envelope and body structure as a mail store keeps them: JSON arrays by position, empty values as null and none at the end.
 * About a third of the bytes objects would take, in a place that is written with every message. Each packer names every
 * field of its type, so that one added there does not compile until it is kept here. The positions are for good: a store has them
 * on disk, and IMAP's ENVELOPE is cut out of them (`formatPackedEnvelope`).
 */
type Packed = string | number | null | readonly Packed[] | { readonly [key: string]: string };

export function packEnvelope(envelope: Envelope): string {
  return JSON.stringify(envelopeValues(envelope));
}

export function unpackEnvelope(text: string): Envelope {
  return envelopeOf(JSON.parse(text));
}

export function packBody(body: BodyPart): string {
  return JSON.stringify(bodyValues(body));
}

export function unpackBody(text: string): BodyPart {
  return bodyOf(JSON.parse(text));
}

/** The third value of an array, behind a text or null and a number or null. */
const SUBJECT = /^\[(?:null|"(?:[^"\\]|\\.)*"),[^,\]"]*,(null|"(?:[^"\\]|\\.)*")/;

/** `subject` of a packed envelope, at a quarter of the cost of unpacking it. */
export function unpackSubject(text: string): string | null {
  const found = SUBJECT.exec(text)?.[1];
  return found === undefined ? null : (JSON.parse(found) as string | null);
}

/** What threads go by, of a packed envelope: half the cost of unpacking it. */
export function unpackThreading(text: string): Pick<Envelope, 'subject' | 'messageId' | 'inReplyTo' | 'references'> {
  const packed = JSON.parse(text) as (string | null)[];
  const [, , subject = null, , messageId = null, inReplyTo = null] = packed;
  const references = (packed[REFERENCES] ?? []) as unknown as readonly string[];
  return { subject, messageId, inReplyTo, references };
}

/** Where `references` are, behind the lists of addresses. */
const REFERENCES = 12;

type NoFields = Readonly<Record<string, never>>;

function packAddress({ name, mailbox, host, rawName, ...others }: Address): Packed {
  others satisfies NoFields;
  return trimmed([name, mailbox, host, rawName ?? null]);
}

function unpackAddress([name = null, mailbox = null, host = null, rawName]: unknown[]): Address {
  return { name, mailbox, host, ...(rawName === undefined ? {} : { rawName }) } as Address;
}

function envelopeValues(envelope: Envelope): Packed {
  const { date, sentAt, subject, rawSubject, inReplyTo, messageId, references, ...addresses } = envelope;
  const { from, sender, replyTo, to, cc, bcc, ...others } = addresses;
  others satisfies NoFields;
  // Most subjects are ASCII and their twin is the same: 0 says so.
  const twin = rawSubject !== null && rawSubject === subject ? 0 : rawSubject;
  return trimmed([
    ...[date, sentAt, subject, twin, messageId, inReplyTo],
    ...[from, sender, replyTo, to, cc, bcc].map((list) => listOrNull(list.map(packAddress))),
    listOrNull(references),
  ]);
}

function envelopeOf(packed: unknown[]): Envelope {
  const [date = null, sentAt = null, subject = null, twin = null, messageId = null, inReplyTo = null, ...lists] =
    packed;
  const [from, sender, replyTo, to, cc, bcc] = Array.from({ length: 6 }, (_, i) =>
    ((lists[i] ?? []) as unknown[][]).map(unpackAddress),
  );
  const rawSubject = twin === 0 ? subject : twin;
  const references = lists[6] ?? [];
  return {
    ...{ date, sentAt, subject, rawSubject, from, sender, replyTo, to, cc, bcc },
    ...{ inReplyTo, messageId, references },
  } as unknown as Envelope;
}

function bodyValues(part: BodyPart): Packed {
  const { type, subtype, parameters, contentId, description, encoding, disposition, language, location, md5, ...rest } =
    part;
  const { headerStart, bodyStart, end, lines, parts, message, ...others } = rest;
  others satisfies NoFields;
  return trimmed([
    ...[type, subtype, encoding, headerStart, bodyStart, end, lines, recordOrNull(parameters)],
    disposition ? trimmed([disposition.type, recordOrNull(disposition.parameters)]) : null,
    ...[contentId, description, listOrNull(language), location, md5],
    parts ? parts.map(bodyValues) : null,
    message ? [envelopeValues(message.envelope), bodyValues(message.body)] : null,
  ]);
}

function bodyOf(packed: unknown[]): BodyPart {
  const [type, subtype, encoding, headerStart, bodyStart, end, lines, parameters, disposition, ...rest] = packed;
  const [contentId = null, description = null, language, location = null, md5 = null, parts, message] = rest;
  const embedded = message as [unknown[], unknown[]] | null | undefined;
  return {
    ...{ type, subtype, parameters: parameters ?? {}, contentId, description, encoding },
    disposition: unpackDisposition(disposition as [string, Record<string, string>?] | null | undefined),
    ...{ language: language ?? [], location, md5, headerStart, bodyStart, end, lines },
    ...(parts ? { parts: (parts as unknown[][]).map(bodyOf) } : {}),
    ...(embedded ? { message: { envelope: envelopeOf(embedded[0]), body: bodyOf(embedded[1]) } } : {}),
  } as unknown as BodyPart;
}

function unpackDisposition(packed: [string, Record<string, string>?] | null | undefined): BodyPart['disposition'] {
  return packed ? { type: packed[0], parameters: packed[1] ?? {} } : null;
}

const listOrNull = (list: readonly Packed[]): Packed => (list.length > 0 ? list : null);

function recordOrNull(record: Readonly<Record<string, string>>): Packed {
  for (const _ in record) return record;
  return null;
}

function trimmed(values: Packed[]): Packed {
  while (values.length > 0 && values.at(-1) === null) values.pop();
  return values;
}
