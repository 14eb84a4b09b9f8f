import type { SieveLimits } from './limits.ts';
import { type SievePosition, SieveSyntaxError } from './problem.ts';

export type Punctuation = '[' | ']' | '(' | ')' | '{' | '}' | ',' | ';';

export type Token =
  | { readonly kind: 'identifier' | 'tag'; readonly text: string; readonly at: SievePosition }
  | { readonly kind: 'string'; readonly text: string; readonly at: SievePosition }
  | { readonly kind: 'number'; readonly value: number; readonly at: SievePosition }
  | { readonly kind: Punctuation; readonly at: SievePosition }
  | { readonly kind: 'end'; readonly at: SievePosition };

const IDENTIFIER = /[A-Za-z_][A-Za-z0-9_]*/y;
const NUMBER = /(\d+)([KMGkmg]?)(?![A-Za-z0-9_])/y;
const BLANK = /[ \t\r\n]+/y;
// RFC 5228 §8.1 multi-line-start: `text:`, blanks, perhaps a comment, and the line's end.
const MULTI_LINE = /text:[ \t]*(?:#[^\r\n]*)?\r?\n/iy;
const UNITS: Readonly<Record<string, number>> = { '': 1, k: 2 ** 10, m: 2 ** 20, g: 2 ** 30 };

/** Cuts a script into tokens (RFC 5228 §8.1). Lines may end in LF alone, as scripts written by hand do. One pass. */
export class Lexer {
  private offset = 0;
  private line = 1;
  private lineStart = 0;

  constructor(
    private readonly text: string,
    private readonly limits: SieveLimits,
  ) {}

  /** The next token; `end` for ever after the last. */
  next(): Token {
    this.skipBlanks();
    const at = this.position();
    const { text, offset } = this;
    if (offset >= text.length) return { kind: 'end', at };
    const char = text[offset]!;
    if (char === '"') return this.quoted(at);
    if (char === ':') return this.tag(at);
    if ('[](){},;'.includes(char)) {
      this.offset++;
      return { kind: char as Punctuation, at };
    }
    const multiLine = this.match(MULTI_LINE);
    if (multiLine) return this.multiLine(at);
    const number = this.match(NUMBER);
    if (number) return this.number(number, at);
    const identifier = this.match(IDENTIFIER);
    if (identifier) return { kind: 'identifier', text: identifier[0].toLowerCase(), at };
    throw new SieveSyntaxError(at, `unexpected character ${JSON.stringify(char)}`);
  }

  private position(): SievePosition {
    return { line: this.line, column: this.offset - this.lineStart + 1 };
  }

  /** Takes what the sticky expression finds here. */
  private match(pattern: RegExp): RegExpExecArray | null {
    pattern.lastIndex = this.offset;
    const found = pattern.exec(this.text);
    if (found) this.advance(pattern.lastIndex);
    return found;
  }

  private advance(to: number): void {
    for (let at = this.text.indexOf('\n', this.offset); at >= 0 && at < to; at = this.text.indexOf('\n', at + 1)) {
      this.line++;
      this.lineStart = at + 1;
    }
    this.offset = to;
  }

  private skipBlanks(): void {
    for (;;) {
      if (this.match(BLANK)) continue;
      if (this.text[this.offset] === '#') {
        const end = this.text.indexOf('\n', this.offset);
        this.advance(end < 0 ? this.text.length : end);
      } else if (this.text.startsWith('/*', this.offset)) {
        const end = this.text.indexOf('*/', this.offset + 2);
        if (end < 0) throw new SieveSyntaxError(this.position(), 'comment without end');
        this.advance(end + 2);
      } else return;
    }
  }

  private tag(at: SievePosition): Token {
    this.offset++;
    const name = this.match(IDENTIFIER);
    if (!name) throw new SieveSyntaxError(at, 'a tag needs a name after its colon');
    return { kind: 'tag', text: name[0].toLowerCase(), at };
  }

  private number([, digits, unit]: RegExpExecArray, at: SievePosition): Token {
    const value = Number(digits) * UNITS[unit!.toLowerCase()]!;
    if (!Number.isSafeInteger(value)) throw new SieveSyntaxError(at, 'number is too large');
    return { kind: 'number', value, at };
  }

  private quoted(at: SievePosition): Token {
    let out = '';
    for (let from = this.offset + 1; ; ) {
      const end = nextOf(this.text, from);
      if (end < 0) throw new SieveSyntaxError(at, 'string without end');
      out += this.text.slice(from, end);
      if (this.text[end] === '"') {
        this.advance(end + 1);
        return this.string(out, at);
      }
      // RFC 5228 §2.4.2: a backslash before anything else than \ and " is ignored.
      if (end + 1 >= this.text.length) throw new SieveSyntaxError(at, 'string without end');
      out += this.text[end + 1];
      from = end + 2;
    }
  }

  /** Past `text:`: lines up to a lone dot, dot-stuffed (RFC 5228 §2.4.2). */
  private multiLine(at: SievePosition): Token {
    const lines: string[] = [];
    for (;;) {
      const end = this.text.indexOf('\n', this.offset);
      const line = this.text.slice(this.offset, end < 0 ? this.text.length : end).replace(/\r$/, '');
      this.advance(end < 0 ? this.text.length : end + 1);
      if (line === '.') return this.string(lines.map((each) => `${each}\r\n`).join(''), at);
      if (end < 0) throw new SieveSyntaxError(at, 'multi-line string without its closing dot');
      lines.push(line.startsWith('.') ? line.slice(1) : line);
    }
  }

  private string(text: string, at: SievePosition): Token {
    if (text.length > this.limits.stringCharactersMax) throw new SieveSyntaxError(at, 'string is too long');
    if (text.includes('\0')) throw new SieveSyntaxError(at, 'string holds a NUL');
    return { kind: 'string', text, at };
  }
}

/** The next quote or backslash. */
function nextOf(text: string, from: number): number {
  for (let at = from; at < text.length; at++) if (text[at] === '"' || text[at] === '\\') return at;
  return -1;
}
