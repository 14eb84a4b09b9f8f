/** A variable in a string (RFC 5229 §3): lower case; digits are a match variable. */
export interface VariableReference {
  readonly isGlobal: boolean;
  readonly name: string;
}

/** A string of a script: constant, or pieces to be put together at run time. */
export type Template = string | readonly (string | VariableReference)[];

const VARIABLE = /\$\{(?:([a-z_][a-z0-9_]*)\.)?([a-z_][a-z0-9_]*|\d+)\}/gi;
// RFC 5228 §2.4.2.4.
const ENCODED = /\$\{(hex|unicode):([^}]*)\}/gi;
const HEX = /^[ \t\r\n]*[0-9a-f]{1,2}(?:[ \t\r\n]+[0-9a-f]{1,2})*[ \t\r\n]*$/i;
const UNICODE = /^[ \t\r\n]*[0-9a-f]+(?:[ \t\r\n]+[0-9a-f]+)*[ \t\r\n]*$/i;

/** Finds the variables of a string. Throws `RangeError` for a namespace nobody declared (RFC 5229 §3). */
export function parseTemplate(text: string, namespaces: ReadonlySet<string>): Template {
  const pieces: (string | VariableReference)[] = [];
  let end = 0;
  for (const match of text.matchAll(VARIABLE)) {
    const [whole, namespace, name] = match;
    if (namespace !== undefined && !namespaces.has(namespace.toLowerCase()))
      throw new RangeError(`unknown variable namespace "${namespace}"`);
    if (match.index > end) pieces.push(text.slice(end, match.index));
    // RFC 5229 §3: leading zeros do not count.
    pieces.push({ isGlobal: namespace !== undefined, name: name!.toLowerCase().replace(/^0+(?=\d)/, '') });
    end = match.index + whole.length;
  }
  if (pieces.length === 0) return text;
  if (end < text.length) pieces.push(text.slice(end));
  return pieces;
}

/** Undoes `${hex:…}` and `${unicode:…}`. Throws `RangeError` for a code point there is not. */
export function decodeEncodedCharacters(text: string): string {
  return text.replace(ENCODED, (whole, kind: string, digits: string) => {
    if (kind.toLowerCase() === 'unicode') return UNICODE.test(digits) ? codePoints(digits) : whole;
    return HEX.test(digits) ? Buffer.from(words(digits).map((word) => Number.parseInt(word, 16))).toString() : whole;
  });
}

function codePoints(digits: string): string {
  return words(digits)
    .map((word) => {
      const code = Number.parseInt(word, 16);
      if (code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) throw new RangeError(`no character ${word}`);
      return String.fromCodePoint(code);
    })
    .join('');
}

const words = (text: string): readonly string[] => text.trim().split(/\s+/);
