import { decodeCharset } from './charset.ts';
import type { PartFields } from './header-fields.ts';
import { htmlToText } from './html-text.ts';
import { PREVIEW_CHARACTERS_MAX } from './limits.ts';
import { decodeTransferAll } from './transfer.ts';

/** Blanks, and the invisible characters newsletters pad their first line with. */
const PADDING = /[\u034f\s\0\u00ad\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b-\u200f\u2028-\u202e\u2060-\u2064\ufeff]+/g;

/** The first characters of a text part as RFC 8970 shows them; '' when it has none. `bytes` are the start of its body, still encoded. */
export function previewOf(fields: PartFields, bytes: Buffer): string {
  const decoded = decodeTransferAll(fields.encoding, bytes);
  const text = decodeCharset(fields.parameters['charset'], decoded);
  // Padding may fill most of the text: a few times the preview is looked at.
  const words = fields.subtype === 'html' ? htmlToText(text, { charactersMax: 20 * PREVIEW_CHARACTERS_MAX }) : text;
  const collapsed = words
    .slice(0, 20 * PREVIEW_CHARACTERS_MAX)
    // A lone joiner belongs to its neighbours: emoji, Persian.
    .replace(PADDING, (run) => (run === '\u200c' || run === '\u200d' ? run : ' '))
    .trim();
  return cut(collapsed, PREVIEW_CHARACTERS_MAX).trimEnd();
}

/** At most `max` UTF-16 units, never half a character. */
function cut(text: string, max: number): string {
  if (text.length <= max) return text;
  const last = text.charCodeAt(max - 1);
  return text.slice(0, last >= 0xd800 && last <= 0xdbff ? max - 1 : max);
}
