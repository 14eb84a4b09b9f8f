import type { BodyPart } from './model.ts';

/** Bytes [start, end) of a message. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

/** What of a part is meant; `null` is its body. */
export type SectionText = 'HEADER' | 'TEXT' | 'MIME' | null;

/** The parts a number may follow: a multipart's, or those of the message a part holds. */
function partsBelow(part: BodyPart): readonly BodyPart[] {
  if (part.parts) return part.parts;
  return part.message ? partsOfMessage(part.message.body) : [];
}

/** RFC 9051 §6.4.5.1: every message has at least one part; one that is no multipart is its own part 1. */
function partsOfMessage(body: BodyPart): readonly BodyPart[] {
  return body.parts ?? [body];
}

/**
 * The part an IMAP section number names (RFC 9051 §6.4.5.1): `1.2` in a message whose body is `body`. Numbers go through
 * message/rfc822 into what it holds. `null` when there is none, or `section` is not a section number.
 */
export function findPart(body: BodyPart, section: string): BodyPart | null {
  if (!/^[1-9]\d{0,8}(?:\.[1-9]\d{0,8}){0,255}$/.test(section)) return null;
  return findPartAt(body, section.split('.').map(Number));
}

/** `findPart` with the numbers apart; none name nothing. */
export function findPartAt(body: BodyPart, path: readonly number[]): BodyPart | null {
  let parts = partsOfMessage(body);
  let part: BodyPart | null = null;
  for (const number of path) {
    part = parts[number - 1] ?? null;
    if (part === null) return null;
    parts = partsBelow(part);
  }
  return part;
}

/**
 * The bytes of a section (RFC 9051 §6.4.5.1), `body` being the message's. Without path: all of it, its HEADER with the blank
 * line, or its TEXT. With one: the part's body or its MIME header; HEADER and TEXT are those of the message it holds.
 * `null` when there is no such part, or it holds no message.
 */
export function sectionRange(body: BodyPart, path: readonly number[], text: SectionText): ByteRange | null {
  if (path.length === 0) return text === null ? { start: body.headerStart, end: body.end } : rangeOf(body, text);
  const part = findPartAt(body, path);
  if (part === null) return null;
  if (text === null) return { start: part.bodyStart, end: part.end };
  if (text === 'MIME') return { start: part.headerStart, end: part.bodyStart };
  return part.message ? rangeOf(part.message.body, text) : null;
}

function rangeOf(body: BodyPart, text: Exclude<SectionText, null>): ByteRange | null {
  switch (text) {
    case 'HEADER':
      return { start: body.headerStart, end: body.bodyStart };
    case 'TEXT':
      return { start: body.bodyStart, end: body.end };
    case 'MIME':
      return null;
  }
}

/** A part and its section number; '' is the root of a multipart message. */
export interface NumberedPart {
  readonly section: string;
  readonly part: BodyPart;
}

/** Every part below `body` in document order, embedded messages' parts included, multiparts before their parts. */
export function* eachPart(body: BodyPart, prefix = ''): Generator<NumberedPart> {
  if (prefix === '' && body.parts) yield { section: '', part: body };
  for (const [index, part] of partsOfMessage(body).entries()) yield* eachBelow(part, prefix + (index + 1));
}

function* eachBelow(part: BodyPart, section: string): Generator<NumberedPart> {
  yield { section, part };
  for (const [index, below] of partsBelow(part).entries()) yield* eachBelow(below, `${section}.${index + 1}`);
}
