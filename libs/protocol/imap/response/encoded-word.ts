const WORD_BYTES_MAX = 45;

/** Unstructured text as RFC 2047 sends it: itself when ASCII, else encoded-words in UTF-8 and base64, each at most 75 characters. */
export function encodeWords(text: string): string {
  if (/^[\x20-\x7e\t]*$/.test(text)) return text;
  const words: string[] = [];
  let piece = '';
  let pieceBytes = 0;
  for (const char of text.toWellFormed()) {
    const bytes = Buffer.byteLength(char);
    if (pieceBytes + bytes > WORD_BYTES_MAX) {
      words.push(word(piece));
      piece = '';
      pieceBytes = 0;
    }
    piece += char;
    pieceBytes += bytes;
  }
  words.push(word(piece));
  return words.join(' ');
}

const word = (piece: string): string => `=?utf-8?B?${Buffer.from(piece).toString('base64')}?=`;

/** A MIME parameter: itself when ASCII, else RFC 2231's `name*` with `utf-8''` and percent escapes. */
export function encodeParameter(name: string, value: string): readonly [name: string, value: string] {
  if (/^[\x20-\x7e\t]*$/.test(value)) return [name, value];
  const escaped = Buffer.from(value).reduce(
    (out, byte) => out + (ATTRIBUTE_CHAR[byte] ?? `%${byte.toString(16).toUpperCase().padStart(2, '0')}`),
    '',
  );
  return [`${name}*`, `utf-8''${escaped}`];
}

/** RFC 2231 §7 `attribute-char`, by byte. */
const ATTRIBUTE_CHAR: Readonly<Record<number, string>> = Object.fromEntries(
  [...'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789!#$&+-.^_`{|}~'].map((c) => [c.charCodeAt(0), c]),
);
