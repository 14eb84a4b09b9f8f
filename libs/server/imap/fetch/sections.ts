import type { PartialRange, Section } from '#protocol/imap';
import { type BodyPart, type ByteRange, sectionRange } from '#protocol/message';

/** Whether a section can be found without the body structure: the message as a whole. */
export const isWholeMessage = ({ part, text }: Section): boolean => part.length === 0 && text === null;

/** Where a section's bytes are; for HEADER.FIELDS the whole header block. `null` when the message has no such section. */
export function rangeOf({ part, text }: Section, root: BodyPart): ByteRange | null {
  return sectionRange(root, part, text === 'HEADER.FIELDS' || text === 'HEADER.FIELDS.NOT' ? 'HEADER' : text);
}

/** The part of a range that `<start.length>` asks for; beyond its end, nothing. RFC 9051 §6.4.5. */
export function partialOf({ start, end }: ByteRange, partial: PartialRange | null): ByteRange {
  if (!partial) return { start, end };
  const from = Math.min(end, start + partial.start);
  return { start: from, end: Math.min(end, from + partial.length) };
}
