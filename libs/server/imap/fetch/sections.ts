import type { BodyPart } from '#protocol/message';
import { isEmbeddedMessage, type PartialRange, type Section } from '#protocol/imap';

/** Bytes [start, end) of the stored message. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

/** Whether a section can be found without the body structure: the message as a whole. */
export const isWholeMessage = ({ part, text }: Section): boolean => part.length === 0 && text === null;

/** Where a section's bytes are; for HEADER.FIELDS the whole header block. `null` when the message has no such section. RFC 9051 §6.4.5.1. */
export function sectionRange(section: Section, root: BodyPart): ByteRange | null {
  const { part, text } = section;
  if (part.length === 0) return messageRange(text, root);
  const found = findPart(root, part);
  if (!found) return null;
  if (text === null) return { start: found.bodyStart, end: found.end };
  if (text === 'MIME') return { start: found.headerStart, end: found.bodyStart };
  // HEADER and TEXT of a part ask about the message inside it.
  return isEmbeddedMessage(found) && found.message ? messageRange(text, found.message.body) : null;
}

function messageRange(text: Section['text'], root: BodyPart): ByteRange {
  if (text === null) return { start: root.headerStart, end: root.end };
  if (text === 'TEXT') return { start: root.bodyStart, end: root.end };
  return { start: root.headerStart, end: root.bodyStart };
}

/** The part of a number such as 2.1.3: a multipart counts its children, any other message has one part, 1. */
export function findPart(root: BodyPart, numbers: readonly number[]): BodyPart | null {
  let within: BodyPart = root;
  let isMessage = true;
  let found: BodyPart | null = null;
  for (const n of numbers) {
    if (within.type === 'multipart') found = within.parts?.[n - 1] ?? null;
    else found = isMessage && n === 1 ? within : null;
    if (!found) return null;
    isMessage = isEmbeddedMessage(found) && found.message !== undefined;
    within = isMessage ? found.message!.body : found;
  }
  return found;
}

/** The part of a range that `<start.length>` asks for; beyond its end, nothing. RFC 9051 §6.4.5. */
export function partialOf({ start, end }: ByteRange, partial: PartialRange | null): ByteRange {
  if (!partial) return { start, end };
  const from = Math.min(end, start + partial.start);
  return { start: from, end: Math.min(end, from + partial.length) };
}
