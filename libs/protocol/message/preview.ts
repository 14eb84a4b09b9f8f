import { decodeCharset } from './charset.ts';
import type { PartFields } from './header-fields.ts';
import { htmlToText } from './html-text.ts';
import { PREVIEW_CHARACTERS_MAX } from './limits.ts';
import { decodeTransferAll } from './transfer.ts';

/** Bytes tried first, and characters of HTML's text: nearly always enough, and a fraction of what is there. */
const PLAIN_BYTES_FIRST = 768;
const HTML_BYTES_FIRST = 6_144;
const HTML_CHARACTERS_FIRST = 3 * PREVIEW_CHARACTERS_MAX;

/** The first characters of a text part as RFC 8970 shows them; '' when it has none. `bytes` are the start of its body, still encoded. */
export function previewOf(fields: PartFields, bytes: Buffer): string {
  const isHtml = fields.subtype === 'html';
  const first = read(fields, bytes.subarray(0, isHtml ? HTML_BYTES_FIRST : PLAIN_BYTES_FIRST), HTML_CHARACTERS_FIRST);
  // A style sheet, blank lines, padding or a character cut in two may have come before.
  const text = first.length >= PREVIEW_CHARACTERS_MAX ? first : read(fields, bytes, 20 * PREVIEW_CHARACTERS_MAX);
  return cut(text, PREVIEW_CHARACTERS_MAX);
}

function read(fields: PartFields, bytes: Buffer, htmlCharactersMax: number): string {
  const text = decodeCharset(fields.parameters['charset'], decodeTransferAll(fields.encoding, bytes));
  const words = fields.subtype === 'html' ? htmlToText(text, { charactersMax: htmlCharactersMax }) : text;
  return collapse(words, PREVIEW_CHARACTERS_MAX + 1);
}

/** `text` with every run of blanks and padding made one space, none at the ends; stops past `max` characters. */
function collapse(text: string, max: number): string {
  let out = '';
  let wordStart = -1;
  for (let i = 0; i < text.length && out.length < max; i++) {
    const isPad =
      isPadding(text.charCodeAt(i)) || (isJoiner(text.charCodeAt(i)) && isPaddingBeside(text, i, wordStart));
    if (!isPad && wordStart < 0) wordStart = i;
    if (wordStart >= 0 && (isPad || i === text.length - 1 || i - wordStart > max)) {
      out += (out === '' ? '' : ' ') + text.slice(wordStart, isPad ? i : i + 1);
      wordStart = -1;
    }
  }
  return out;
}

/** Blanks, controls, and the invisible characters newsletters pad their first line with. */
function isPadding(code: number): boolean {
  if (code <= 0x20) return true;
  if (code < 0x7f) return false;
  if (code <= 0xa0) return true;
  return code === 0xad || code === 0x34f || code === 0x3000 || code === 0xfeff || (code > 0x61b && isRarePadding(code));
}

function isRarePadding(code: number): boolean {
  if (code >= 0x2000 && code <= 0x206f) {
    return code <= 0x200b || code === 0x200e || code === 0x200f || (code >= 0x2028 && code <= 0x202f) || code >= 0x205f;
  }
  return (
    code === 0x61c ||
    code === 0x115f ||
    code === 0x1160 ||
    code === 0x1680 ||
    code === 0x17b4 ||
    code === 0x17b5 ||
    code === 0x180e
  );
}

/** ZWNJ and ZWJ hold words and emoji together, unless they pad. */
function isJoiner(code: number): boolean {
  return code === 0x200c || code === 0x200d;
}

function isPaddingBeside(text: string, at: number, wordStart: number): boolean {
  const next = text.charCodeAt(at + 1);
  return wordStart < 0 || Number.isNaN(next) || isPadding(next) || isJoiner(next);
}

/** At most `max` UTF-16 units, never half a character. */
function cut(text: string, max: number): string {
  if (text.length <= max) return text;
  const last = text.charCodeAt(max - 1);
  return text.slice(0, last >= 0xd800 && last <= 0xdbff ? max - 1 : max).trimEnd();
}
