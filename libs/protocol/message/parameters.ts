import { decodeCharset } from './charset.ts';
import { decodeEncodedWords } from './encoded-word.ts';
import { PARAMETER_VALUE_MAX, PARAMETERS_MAX } from './limits.ts';

/** A token of RFC 2045 §5.1, widened to whatever is neither blank nor a separator, as mail has it. */
const TOKEN = /[^\s()<>@,;:\\"/[\]?=\0-\x1f\x7f]+/y;
/** File names are often sent unquoted, blanks and all: up to the next separator. */
const LOOSE_VALUE = /[^;"\r\n]*/y;

/** A value such as `text/plain; charset=utf-8`: the part before the first semicolon, and the parameters after it. */
export interface ParameterizedValue {
  /** Lower case, blanks and comments removed. */
  readonly value: string;
  /** Names lower case; RFC 2231 continuations joined and charsets decoded; encoded words decoded, though RFC 2047 §5 forbids them here. */
  readonly parameters: Record<string, string>;
}

/** Reads Content-Type, Content-Disposition and their like (RFC 2045 §5.1, RFC 2231). `text` is unfolded. Never throws; garbage is skipped. */
export function parseParameterized(text: string): ParameterizedValue {
  const semicolon = text.indexOf(';');
  const head = semicolon < 0 ? text : text.slice(0, semicolon);
  const value = (head.includes('(') ? withoutComments(head) : head).trim().toLowerCase();
  // "text/plain charset=x": the semicolon was forgotten.
  const blank = value.search(/\s/);
  const parameters: Record<string, string> = {};
  if (blank > 0 && value.includes('=')) {
    readParameters(text, text.search(/\S\s/) + 1, parameters);
    return { value: value.slice(0, blank), parameters };
  }
  if (semicolon >= 0) readParameters(text, semicolon + 1, parameters);
  return { value, parameters };
}

function withoutComments(text: string): string {
  let depth = 0;
  let out = '';
  for (const char of text) {
    if (char === '(') depth++;
    else if (char === ')') depth = Math.max(0, depth - 1);
    else if (depth === 0) out += char;
  }
  return out;
}

/** A piece of an RFC 2231 value: `name*2*=…` has section 2 and is percent-encoded. */
interface Section {
  readonly number: number;
  readonly encoded: boolean;
  readonly text: string;
}

function readParameters(text: string, from: number, out: Record<string, string>): void {
  const split = new Map<string, Section[]>();
  let at = from;
  for (let count = 0; count < PARAMETERS_MAX && at < text.length; count++) {
    const read = readParameter(text, at);
    at = read.next;
    if (read.name === '' || read.name === '__proto__') continue;
    const section = /^([^*]+)\*(?:(\d{1,3})(\*)?)?$/.exec(read.name);
    if (section) {
      const [, base, number, star] = section;
      const piece = { number: Number(number ?? 0), encoded: number === undefined || star === '*', text: read.value };
      split.set(base!, [...(split.get(base!) ?? []), piece]);
    } else if (!Object.hasOwn(out, read.name)) {
      out[read.name] = decodeEncodedWords(read.value);
    }
  }
  // RFC 2231 §3 and RFC 6266 §4.3: the extended form, where both are there, is the better one.
  for (const [name, sections] of split) if (name !== '__proto__') out[name] = joinSections(sections);
}

/** One `name=value` at `from`, and where to go on. An empty name is garbage that was skipped. */
function readParameter(text: string, from: number): { name: string; value: string; next: number } {
  const start = skipBlanks(text, from);
  TOKEN.lastIndex = start;
  const name = TOKEN.exec(text)?.[0].toLowerCase() ?? '';
  let at = skipBlanks(text, start + name.length);
  if (text[at] !== '=') return { name: '', value: '', next: skipPast(text, Math.max(at, from)) };
  at = skipBlanks(text, at + 1);
  if (text[at] === '"') {
    const quoted = readQuoted(text, at);
    if (quoted) return { name, value: quoted.value, next: skipPast(text, quoted.next) };
    at++;
  }
  TOKEN.lastIndex = at;
  const token = TOKEN.exec(text)?.[0] ?? '';
  const after = skipBlanks(text, at + token.length);
  // "a=b c=d" has forgotten a semicolon; "name=my file.txt" has forgotten quotes.
  if (after >= text.length || text[after] === ';' || /^[^\s;="]+=/.test(text.slice(after, after + 40))) {
    return { name, value: token.slice(0, PARAMETER_VALUE_MAX), next: text[after] === ';' ? after + 1 : after };
  }
  LOOSE_VALUE.lastIndex = at;
  const loose = LOOSE_VALUE.exec(text)?.[0] ?? '';
  return { name, value: loose.trim().slice(0, PARAMETER_VALUE_MAX), next: skipPast(text, at + loose.length) };
}

/** A quoted string starting at `from`; `null` when it never ends. */
function readQuoted(text: string, from: number): { value: string; next: number } | null {
  let value = '';
  let at = from + 1;
  for (;;) {
    const quote = text.indexOf('"', at);
    if (quote < 0) return null;
    const backslash = text.indexOf('\\', at);
    if (backslash < 0 || backslash > quote) {
      value += text.slice(at, quote);
      return { value: value.slice(0, PARAMETER_VALUE_MAX), next: quote + 1 };
    }
    value += text.slice(at, backslash) + (text[backslash + 1] ?? '');
    at = backslash + 2;
  }
}

/** Past the next semicolon, or past the blanks before a parameter that lacks one. */
function skipPast(text: string, from: number): number {
  const semicolon = text.indexOf(';', from);
  return semicolon < 0 ? text.length : semicolon + 1;
}

/** Past blanks and comments. */
function skipBlanks(text: string, from: number): number {
  let at = from;
  for (;;) {
    const code = text.charCodeAt(at);
    if (code === 0x20 || (code >= 0x09 && code <= 0x0d)) at++;
    else if (code === 0x28 && text.indexOf(')', at) > 0) at = text.indexOf(')', at) + 1;
    else return at;
  }
}

/** RFC 2231 §3 and §4. Sections out of order are sorted; the charset stands in the first. */
function joinSections(sections: Section[]): string {
  sections.sort((a, b) => a.number - b.number);
  let charset: string | null = null;
  const bytes: Buffer[] = [];
  for (const [index, { encoded, text }] of sections.entries()) {
    if (!encoded) {
      bytes.push(Buffer.from(text, 'utf8'));
      continue;
    }
    const mark = index === 0 ? /^([^']*)'[^']*'/.exec(text) : null;
    if (mark) charset = mark[1]!;
    bytes.push(decodePercent(mark ? text.slice(mark[0].length) : text));
  }
  return decodeCharset(charset, Buffer.concat(bytes))
    .replace(/[\0\r\n]/g, '')
    .slice(0, PARAMETER_VALUE_MAX);
}

function decodePercent(text: string): Buffer {
  const latin1 = Buffer.from(text, 'utf8').toString('latin1');
  return Buffer.from(
    latin1.replace(/%([0-9A-Fa-f]{2})/g, (_, hex: string) => String.fromCharCode(parseInt(hex, 16))),
    'latin1',
  );
}
