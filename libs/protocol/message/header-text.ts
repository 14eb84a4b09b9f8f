import { decodeCharset } from './charset.ts';
import { decodeEncodedWords } from './encoded-word.ts';

/** Removes the line ends of folding, keeping the blanks after them (RFC 5322 §2.2.3), and blanks at both ends. NUL and bare CR or LF become a space. */
export function unfold(text: string): string {
  const trimmed = text.trim();
  if (!trimmed.includes('\n') && !trimmed.includes('\r') && !trimmed.includes('\0')) return trimmed;
  return trimmed
    .replace(/\r?\n(?=[ \t])/g, '')
    .replace(/[\r\n\0]+/g, ' ')
    .trim();
}

/** A header value read as Latin-1 as Unicode: ASCII as it is, UTF-8 (RFC 6532) where valid, else windows-1252. Unfolded, encoded words untouched. */
export function headerText(latin1: string): string {
  const text = unfold(latin1);
  return /[\x80-\xff]/.test(text) ? decodeCharset(null, Buffer.from(text, 'latin1')) : text;
}

/** A header value as people read it: unfolded, UTF-8 or broken 8-bit accepted (RFC 6532), encoded words decoded (RFC 2047). Never throws. */
export function decodeHeaderField(raw: Uint8Array | string): string {
  const text =
    typeof raw === 'string'
      ? unfold(raw)
      : headerText(Buffer.from(raw.buffer, raw.byteOffset, raw.byteLength).toString('latin1'));
  return decodeEncodedWords(text);
}
