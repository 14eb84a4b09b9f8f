import { decodeEncodedWords } from './encoded-word.ts';
import type { Address } from './model.ts';

/** What an item of an address list is made of. `joined`: no blank stood before it. */
interface Word {
  readonly kind: 'atom' | 'quoted' | 'at';
  readonly text: string;
  readonly joined: boolean;
}

/** RFC 5321 §4.5.3.1.2 allows a domain 255 octets. */
const DOMAIN_LITERAL_MAX = 256;

/**
 * Reads an address list (RFC 5322 §3.4, with the obsolete forms of §4.4): groups, comments, routes, quoted strings, domain
 * literals, encoded words. `text` is unfolded and Unicode, encoded words not yet decoded. Never throws: garbage becomes the
 * address it most resembles. A word without @ is a local part whose host is ''; several are a name without address.
 * Control characters count as blanks. Stops after `addressesMax`, group markers counted.
 */
export function parseAddressList(text: string, addressesMax = 1_000): Address[] {
  const reader = new AddressReader(text.replace(/[\0-\x1f\x7f]+/g, ' '), addressesMax);
  reader.read();
  return reader.addresses;
}

/** One pass over the text; `at` only rises. */
class AddressReader {
  readonly addresses: Address[] = [];
  private at = 0;
  private words: Word[] = [];
  private comment = '';
  private inGroup = false;
  /** A quote or comment that never closes is an ordinary character; then so are all later ones, which keeps the search linear. */
  private quotesClose = true;
  private commentsClose = true;

  constructor(
    private readonly text: string,
    private readonly addressesMax: number,
  ) {}

  read(): void {
    const { text } = this;
    let joined = false;
    while (this.at < text.length && this.addresses.length < this.addressesMax) {
      const char = text[this.at]!;
      let isBlank = false;
      if (char === ' ' || char === '\t' || char === '\r' || char === '\n') {
        this.at++;
        isBlank = true;
      } else if (char === ',') {
        this.at++;
        this.finish();
      } else if (char === ';') {
        this.at++;
        this.finish();
        this.endGroup();
      } else if (char === '<') {
        this.angle();
      } else if (char === ':' && !this.inGroup) {
        this.at++;
        this.startGroup();
      } else if (!(char === '(' && this.readComment()) && !(char === '"' && this.readQuoted(joined))) {
        this.readAtom(joined);
      }
      joined = !isBlank;
    }
    this.finish();
    this.endGroup();
  }

  private add(address: Address): void {
    if (this.addresses.length < this.addressesMax) this.addresses.push(address);
  }

  private startGroup(): void {
    const name = phrase(this.words);
    this.words = [];
    this.comment = '';
    this.inGroup = true;
    this.add({ name: null, mailbox: decodeEncodedWords(name).trim(), host: null });
  }

  private endGroup(): void {
    if (this.inGroup) this.add({ name: null, mailbox: null, host: null });
    this.inGroup = false;
  }

  /** What stood before a comma, without angle brackets: `user@host`, `user@host (Name)`, a name alone; or several, their commas forgotten. */
  private finish(): void {
    const { words, comment } = this;
    this.words = [];
    this.comment = '';
    if (words.length === 0) return;
    let from = 0;
    for (let at = findAt(words, 0); at >= 0; at = findAt(words, from)) {
      let start = Math.max(from, at - 1);
      while (start > from && isConnected(words, start)) start--;
      let end = at + 1;
      while (end < words.length && (end === at + 1 || isConnected(words, end))) end++;
      this.add(named(phrase(words.slice(from, start)) || comment, ...addressOf(words.slice(start, end))));
      from = end;
    }
    if (from > 0) return;
    const isName = words.some((word, i) => i > 0 && !word.joined);
    this.add(isName ? named(phrase(words), '', '') : named(comment, ...addressOf(words)));
  }

  /** `<` addr-spec `>`, what came before it being the name. */
  private angle(): void {
    const name = phrase(this.words);
    this.words = [];
    this.at++;
    let joined = true;
    let closed = false;
    while (this.at < this.text.length && !closed) {
      const char = this.text[this.at]!;
      if (char === '>') closed = true;
      // The bracket was never closed: the list goes on.
      if (char === ',' && !this.isRoute()) break;
      if (char === '>' || char === ' ' || char === '\t' || char === '<' || char === ',') {
        this.at++;
        joined = false;
      } else if (char === ':') {
        // RFC 5322 §4.4: what stood before it was a route.
        this.at++;
        this.words = [];
      } else if (!(char === '(' && this.readComment()) && !(char === '"' && this.readQuoted(joined))) {
        this.readAtom(joined);
        joined = true;
      }
    }
    const words = this.words;
    this.words = [];
    const shown = name || this.comment;
    this.comment = '';
    // "<>" in a list of addresses names nobody.
    if (words.length > 0 || shown !== '') this.add(named(shown, ...addressOf(words)));
    this.skipToSeparator();
  }

  /** `@a,@b:user@c`: so far only a route was read. */
  private isRoute(): boolean {
    return this.words[0]?.kind === 'at';
  }

  /** Words after the closing bracket belong to nothing. */
  private skipToSeparator(): void {
    while (this.at < this.text.length) {
      const char = this.text[this.at]!;
      if (char === ',' || char === ';' || char === '<') break;
      if (!(char === '(' && this.readComment()) && !(char === '"' && this.readQuoted(false))) this.at++;
    }
    this.words = [];
    this.comment = '';
    if (this.text[this.at] === ',') this.at++;
  }

  private readAtom(joined: boolean): void {
    const { text } = this;
    const start = this.at;
    if (text[start] === '@') {
      this.at++;
      this.words.push({ kind: 'at', text: '@', joined });
      return;
    }
    if (text[start] === '[') {
      // RFC 5322 §3.4.1: a domain literal may hold colons and commas.
      const close = text.slice(start, start + DOMAIN_LITERAL_MAX).indexOf(']') + start;
      if (close > start) {
        this.at = close + 1;
        this.words.push({ kind: 'atom', text: text.slice(start, close + 1), joined });
        return;
      }
    }
    this.at++;
    while (this.at < text.length && !isSpecial(text.charCodeAt(this.at))) this.at++;
    this.words.push({ kind: 'atom', text: text.slice(start, this.at), joined });
  }

  private readQuoted(joined: boolean): boolean {
    if (!this.quotesClose) return false;
    let value = '';
    let from = this.at + 1;
    for (;;) {
      const quote = this.text.indexOf('"', from);
      if (quote < 0) {
        this.quotesClose = false;
        return false;
      }
      const chunk = this.text.slice(from, quote);
      const backslash = chunk.indexOf('\\');
      if (backslash < 0) {
        this.at = quote + 1;
        this.words.push({ kind: 'quoted', text: value + chunk, joined });
        return true;
      }
      value += chunk.slice(0, backslash) + (this.text[from + backslash + 1] ?? '');
      from += backslash + 2;
    }
  }

  private readComment(): boolean {
    if (!this.commentsClose) return false;
    let depth = 0;
    for (let i = this.at; i < this.text.length; i++) {
      const char = this.text[i];
      if (char === '\\') i++;
      else if (char === '(') depth++;
      else if (char === ')' && --depth === 0) {
        const inner = this.text
          .slice(this.at + 1, i)
          .replace(/\\(.)/g, '$1')
          .trim();
        if (this.comment === '') this.comment = inner;
        this.at = i + 1;
        return true;
      }
    }
    this.commentsClose = false;
    return false;
  }
}

/** Blank, or one of the characters that end an atom here; a dot does not. */
function isSpecial(code: number): boolean {
  switch (code) {
    case 0x20:
    case 0x09:
    case 0x0d:
    case 0x0a:
    case 0x22: // "
    case 0x28: // (
    case 0x2c: // ,
    case 0x3a: // :
    case 0x3b: // ;
    case 0x3c: // <
    case 0x3e: // >
    case 0x40: // @
    case 0x5b: // [
      return true;
    default:
      return false;
  }
}

function findAt(words: readonly Word[], from: number): number {
  for (let i = from; i < words.length; i++) if (words[i]!.kind === 'at') return i;
  return -1;
}

/** Whether words[i] continues the one before: RFC 5322 §4.4 allows blanks around dots. */
function isConnected(words: readonly Word[], i: number): boolean {
  const word = words[i]!;
  return word.joined || word.text.startsWith('.') || (words[i - 1]?.text.endsWith('.') ?? false);
}

/** Words as a name: quoting removed, one blank where blanks were. */
function phrase(words: readonly Word[]): string {
  let text = '';
  for (const [i, word] of words.entries()) text += (i > 0 && !word.joined ? ' ' : '') + word.text;
  return text.trim();
}

/** Local part and domain; blanks and comments between the parts (RFC 5322 §4.4) are dropped. */
function addressOf(words: readonly Word[]): [mailbox: string, host: string] {
  const at = words.findLastIndex((word) => word.kind === 'at');
  const join = (some: readonly Word[]): string => some.map((word) => word.text).join('');
  return at < 0 ? [join(words), ''] : [join(words.slice(0, at)), join(words.slice(at + 1))];
}

function named(rawName: string, mailbox: string, host: string): Address {
  if (rawName === '') return { name: null, mailbox, host };
  const name = decodeEncodedWords(rawName).trim() || null;
  return name === rawName ? { name, mailbox, host } : { name, mailbox, host, rawName };
}
