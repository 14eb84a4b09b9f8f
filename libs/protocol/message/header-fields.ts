import { parseAddressList } from './address-list.ts';
import { parseDate } from './date.ts';
import { decodeEncodedWords } from './encoded-word.ts';
import { eachField } from './header-block.ts';
import { headerText } from './header-text.ts';
import { REFERENCES_MAX } from './limits.ts';
import { messageIds } from './message-id.ts';
import type { Address, BodyPart, Envelope } from './model.ts';
import { parseParameterized } from './parameters.ts';

/** What the Content-* fields of a part say. */
export type PartFields = Pick<
  BodyPart,
  | 'type'
  | 'subtype'
  | 'parameters'
  | 'contentId'
  | 'description'
  | 'encoding'
  | 'disposition'
  | 'language'
  | 'location'
  | 'md5'
>;

/** A header block, read. */
export interface InterpretedHeader {
  readonly fields: PartFields;
  readonly envelope: Envelope;
  /** An address list was longer than the limit. */
  readonly truncated: boolean;
}

/** RFC 2045 §5.2. */
const TEXT_PLAIN = { type: 'text', subtype: 'plain' };
/** RFC 2046 §5.1.5: the default within multipart/digest. */
const MESSAGE_RFC822 = { type: 'message', subtype: 'rfc822' };

type MediaType = Pick<BodyPart, 'type' | 'subtype' | 'parameters'>;

/** Fields that are read, by lower-case name; the first of a name counts, except that recipients add up. */
const CONTENT_FIELDS = new Set([
  'content-type',
  'content-id',
  'content-description',
  'content-transfer-encoding',
  'content-disposition',
  'content-language',
  'content-location',
  'content-md5',
]);
const ENVELOPE_FIELDS = new Set([
  'date',
  'subject',
  'from',
  'sender',
  'reply-to',
  'to',
  'cc',
  'bcc',
  'in-reply-to',
  'message-id',
  'references',
]);
/** RFC 5322 §3.6 allows one of each; obsolete syntax (§4.5) and mail have several. */
const ADDITIVE = new Set(['to', 'cc', 'bcc']);

/** Reads a header block (without its blank line). `parentSubtype` is the enclosing multipart's, '' outside one. */
export function interpretHeader(
  block: Buffer,
  isMessage: boolean,
  parentSubtype: string,
  addressesMax: number,
): InterpretedHeader {
  const text = block.toString('latin1');
  const values = new Map<string, string>();
  eachField(text, (rawName, _start, valueStart, end) => {
    const name = rawName.toLowerCase();
    if (!(isMessage && ENVELOPE_FIELDS.has(name)) && !CONTENT_FIELDS.has(name)) return;
    const earlier = values.get(name);
    if (earlier === undefined) values.set(name, text.slice(valueStart, end));
    else if (ADDITIVE.has(name)) values.set(name, `${earlier},${text.slice(valueStart, end)}`);
  });
  const fields = partFields(values, parentSubtype);
  if (!isMessage) return { fields, envelope: EMPTY_ENVELOPE, truncated: false };
  const { envelope, truncated } = readEnvelope(values, addressesMax);
  return { fields, envelope, truncated };
}

const NO_ADDRESSES: readonly Address[] = [];

/** Of a message without header. */
export const EMPTY_ENVELOPE: Envelope = {
  date: null,
  sentAt: null,
  subject: null,
  rawSubject: null,
  from: NO_ADDRESSES,
  sender: NO_ADDRESSES,
  replyTo: NO_ADDRESSES,
  to: NO_ADDRESSES,
  cc: NO_ADDRESSES,
  bcc: NO_ADDRESSES,
  inReplyTo: null,
  messageId: null,
  references: [],
};

function readEnvelope(
  values: ReadonlyMap<string, string>,
  addressesMax: number,
): { envelope: Envelope; truncated: boolean } {
  let truncated = false;
  const text = (name: string): string | null => {
    const value = values.get(name);
    return value === undefined ? null : headerText(value);
  };
  const addresses = (name: string): readonly Address[] => {
    const value = text(name);
    if (!value) return NO_ADDRESSES;
    // One more than allowed tells a full list from a cut one.
    const list = parseAddressList(value, addressesMax + 1);
    if (list.length <= addressesMax) return list;
    truncated = true;
    return list.slice(0, addressesMax);
  };
  const date = text('date');
  const rawSubject = text('subject');
  const references = text('references');
  return {
    envelope: {
      date,
      sentAt: date === null ? null : parseDate(date),
      subject: rawSubject === null ? null : decodeEncodedWords(rawSubject),
      rawSubject,
      from: addresses('from'),
      sender: addresses('sender'),
      replyTo: addresses('reply-to'),
      to: addresses('to'),
      cc: addresses('cc'),
      bcc: addresses('bcc'),
      inReplyTo: text('in-reply-to'),
      messageId: text('message-id'),
      // Of too many, the oldest and the newest say where the message belongs.
      references: references === null ? [] : bounded(messageIds(references)),
    },
    truncated,
  };
}

function bounded(ids: string[]): readonly string[] {
  return ids.length <= REFERENCES_MAX ? ids : [ids[0]!, ...ids.slice(1 - REFERENCES_MAX)];
}

function partFields(values: ReadonlyMap<string, string>, parentSubtype: string): PartFields {
  const text = (name: string): string | null => {
    const value = values.get(name);
    return (value === undefined ? '' : headerText(value)) || null;
  };
  const disposition = text('content-disposition');
  const location = text('content-location');
  return {
    ...mediaType(text('content-type'), parentSubtype),
    contentId: text('content-id'),
    description: text('content-description'),
    encoding: token(text('content-transfer-encoding')) || '7bit',
    disposition: disposition === null ? null : readDisposition(disposition),
    language: languages(text('content-language')),
    // RFC 2557 §4.4.1: blanks came from folding.
    location: location === null ? null : location.replace(/\s+/g, ''),
    md5: text('content-md5'),
  };
}

/** RFC 3282 §2. More than 32 describe nothing. */
function languages(text: string | null): readonly string[] {
  if (text === null) return [];
  return text
    .split(',', 32)
    .map((tag) => tag.trim())
    .filter((tag) => tag !== '');
}

/** RFC 2045 §5.2: without Content-Type, or with one that cannot be read, the default applies. */
function mediaType(text: string | null, parentSubtype: string): MediaType {
  if (text === null) return { ...(parentSubtype === 'digest' ? MESSAGE_RFC822 : TEXT_PLAIN), parameters: {} };
  const { value, parameters } = parseParameterized(text);
  const slash = value.indexOf('/');
  const type = token(value.slice(0, Math.max(slash, 0)));
  const subtype = token(value.slice(slash + 1));
  return type && subtype ? { type, subtype, parameters } : { ...TEXT_PLAIN, parameters: {} };
}

function readDisposition(text: string): BodyPart['disposition'] {
  const { value, parameters } = parseParameterized(text);
  // RFC 2183 §2.8: a type nobody knows is an attachment; so is one that cannot be read.
  return { type: token(value) || 'attachment', parameters };
}

/** The token a value starts with, lower case; '' when it starts with none. */
function token(text: string | null): string {
  if (text === null) return '';
  return /^\s*([^\s()<>@,;:\\"/[\]?=\0-\x1f\x7f-\uffff]+)/.exec(text)?.[1]?.toLowerCase() ?? '';
}
