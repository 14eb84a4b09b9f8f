import { asBuffer } from '#stdx';
import { decodeCharset } from './charset.ts';
import { htmlToText } from './html-text.ts';
import { parseMessage } from './message-parser.ts';
import type { Address, BodyPart, Envelope } from './model.ts';
import { eachPart } from './sections.ts';
import { decodeTransferAll } from './transfer.ts';

/** Bounds of reading text out of parts. */
export interface TextLimits {
  /** Encoded bytes of one part that are looked at. Default 4,194,304: longer texts are data. */
  readonly partBytesMax?: number;
}

const PART_BYTES_MAX = 4_194_304;

/** What a text part says, transfer encoding and charset undone; HTML stays HTML. `bytes` are its body. Never throws. */
export function decodedText(bytes: Uint8Array, part: BodyPart): string {
  return decodeCharset(charsetOf(part), decodeTransferAll(part.encoding, bytes));
}

/** RFC 2046 §4.1.2; HTML and XML of mail are UTF-8 or say so, which decodeCharset guesses. */
function charsetOf(part: BodyPart): string | null {
  return part.parameters['charset'] ?? null;
}

/** The words of a text part: as `decodedText`, HTML turned into text; '' for parts that are not text/*. `bytes` are its body. */
export function textOf(bytes: Uint8Array, part: BodyPart): string {
  if (part.type !== 'text') return '';
  const text = decodedText(bytes, part);
  return part.subtype === 'html' || part.subtype === 'xhtml' ? htmlToText(text) : text;
}

/** The name a part would be saved under: Content-Disposition's filename, else Content-Type's name (RFC 2183 §2.3); `null` when it has none. */
export function fileName(part: BodyPart): string | null {
  return part.disposition?.parameters['filename'] ?? part.parameters['name'] ?? null;
}

/** The parts `textOf` says something of, in order, those of embedded messages included: what to read for a search. */
export function textParts(body: BodyPart): BodyPart[] {
  const found: BodyPart[] = [];
  for (const { part } of eachPart(body)) if (part.type === 'text') found.push(part);
  return found;
}

/**
 * Everything of a message's body that a search should find, piece by piece: words of text parts, names of attachments,
 * subjects and people of embedded messages. `bytes` are the whole message, `body` its structure; the message's own header
 * is not included (it is in the envelope). Pieces come in document order; stop iterating to stop the work.
 */
export function* searchableText(bytes: Uint8Array, body: BodyPart, limits: TextLimits = {}): Generator<string> {
  yield* searchable(asBuffer(bytes), body, limits.partBytesMax ?? PART_BYTES_MAX, 3);
}

/** `layers`: how many more messages hidden in transfer encodings are opened, one in another. */
function* searchable(bytes: Buffer, body: BodyPart, bytesMax: number, layers: number): Generator<string> {
  for (const { part } of eachPart(body)) {
    const name = fileName(part);
    if (name !== null) yield name;
    if (part.description !== null) yield part.description;
    const encoded = bytes.subarray(part.bodyStart, Math.min(part.end, part.bodyStart + bytesMax));
    if (part.type === 'text') {
      yield textOf(encoded, part);
    } else if (part.message) {
      yield* people(part.message.envelope);
    } else if (part.type === 'message' && layers > 0 && (part.subtype === 'rfc822' || part.subtype === 'global')) {
      // RFC 6532 §3.7: message/global may be encoded; broken senders encode message/rfc822 too.
      const inner = decodeTransferAll(part.encoding, encoded);
      const parsed = parseMessage(inner);
      yield* people(parsed.envelope);
      yield* searchable(inner, parsed.body, bytesMax, layers - 1);
    } else if (part.type === 'message') {
      yield decodedText(encoded, part);
    }
  }
}

function* people(envelope: Envelope): Generator<string> {
  if (envelope.subject !== null) yield envelope.subject;
  const { from, to, cc } = envelope;
  for (const address of [...from, ...to, ...cc]) {
    const text = searchableAddress(address);
    if (text !== '') yield text;
  }
}

/** `Name user@host`; '' for group markers without name. */
export function searchableAddress(address: Address): string {
  const spec = address.host ? `${address.mailbox}@${address.host}` : (address.mailbox ?? '');
  return address.name === null ? spec : `${address.name} ${spec}`.trim();
}
