import { CR, LF } from '#stdx';
import { parseDate, parseDateTime } from './date.ts';
import { ImapSyntaxError } from './errors.ts';
import { NESTING_MAX, SEQUENCE_RANGES_MAX } from './limits.ts';
import type { SequenceRange, SequenceSet } from './sequence-set.ts';

const SP = 0x20;
const QUOTE = 0x22;
const OPEN_PAREN = 0x28;
const CLOSE_PAREN = 0x29;
const BACKSLASH = 0x5c;
const OPEN_BRACE = 0x7b;
const TILDE = 0x7e;
const UINT32_MAX = 0xffff_ffff;

/** Character classes of RFC 9051 §9, one bit each. */
const ATOM = 1;
const ASTRING = 2;
const LIST = 4;
const TAG = 8;
const NAME = 16;
const CLASSES = buildClasses();

/**
 * Reads the arguments of one whole command: its lines and argument literals as sent. Every method consumes what it names or
 * throws `ImapSyntaxError` with a sentence for the client; none reads past the end.
 */
export class ArgumentReader {
  private depth = 0;

  constructor(
    private readonly text: Buffer,
    private at = 0,
  ) {}

  get atEnd(): boolean {
    return this.at >= this.text.length;
  }

  /** The next byte, or -1 at the end. */
  peek(): number {
    return this.text[this.at] ?? -1;
  }

  /** True when all that is left is the announcement, this many bytes and CRLF, of a literal that has not come yet. */
  atAnnouncement(headerBytes: number): boolean {
    return this.text.length - this.at === headerBytes + 2;
  }

  /** Throws unless everything has been read. */
  end(): void {
    if (!this.atEnd) this.fail('Unexpected text after the arguments');
  }

  space(): void {
    if (this.peek() !== SP) this.fail(this.atEnd ? 'Missing argument' : 'Expected a space');
    this.at++;
  }

  /** Consumes `char` if it is next. */
  accept(char: string): boolean {
    if (this.text[this.at] !== char.charCodeAt(0)) return false;
    this.at++;
    return true;
  }

  expect(char: string): void {
    if (!this.accept(char)) this.fail(`Expected ${char}`);
  }

  /** Consumes `word` (ASCII, any case) if it is next and is not the beginning of a longer atom. */
  acceptWord(word: string): boolean {
    const end = this.at + word.length;
    if (end > this.text.length || this.text.toString('latin1', this.at, end).toUpperCase() !== word) return false;
    const after = this.text[end] ?? SP;
    if ((CLASSES[after]! & ATOM) !== 0) return false;
    this.at = end;
    return true;
  }

  /** Consumes exactly this ASCII text, in any case, if it is next. */
  acceptText(text: string): boolean {
    const end = this.at + text.length;
    if (this.text.toString('latin1', this.at, end).toUpperCase() !== text) return false;
    this.at = end;
    return true;
  }

  /** Letters, digits, dots and dashes, in upper case; '' when none: FETCH items and sections, where `[` ends a name. */
  dottedName(): string {
    const start = this.at;
    while ((CLASSES[this.peek()]! & NAME) !== 0) this.at++;
    return this.text.toString('latin1', start, this.at).toUpperCase();
  }

  tag(): string {
    return this.run(TAG, 'Expected a tag');
  }

  atom(what = 'an atom'): string {
    return this.run(ATOM, `Expected ${what}`);
  }

  /** An atom in upper case: names of commands, items, options. */
  keyword(what = 'a keyword'): string {
    return this.atom(what).toUpperCase();
  }

  number(what = 'a number'): number {
    return this.number64(what, UINT32_MAX);
  }

  /** 1 … 2^32-1. */
  nzNumber(what = 'a number'): number {
    const value = this.number(what);
    if (value === 0) this.fail(`Expected ${what} above zero`);
    return value;
  }

  /** RFC 7162 §7 `mod-sequence-valzer`; what no store can reach (2^53) is refused. */
  number64(what = 'a number', largest = Number.MAX_SAFE_INTEGER): number {
    const start = this.at;
    while (isDigit(this.peek())) this.at++;
    const digits = this.at - start;
    if (digits === 0) this.fail(`Expected ${what}`);
    const value = digits > 16 ? Number.POSITIVE_INFINITY : Number(this.text.toString('latin1', start, this.at));
    if (value > largest) this.fail('Number too large');
    return value;
  }

  /** Bytes of an astring: atom characters, quoted or literal. */
  astringBytes(what = 'a string'): Buffer {
    const byte = this.peek();
    if (byte === QUOTE || byte === OPEN_BRACE) return this.stringBytes(what);
    const start = this.at;
    while ((CLASSES[this.peek()]! & ASTRING) !== 0) this.at++;
    if (this.at === start) this.fail(`Expected ${what}`);
    return this.text.subarray(start, this.at);
  }

  /** Bytes of a quoted string or literal. */
  stringBytes(what = 'a string'): Buffer {
    const byte = this.peek();
    if (byte === QUOTE) return this.quoted();
    if (byte === OPEN_BRACE || (byte === TILDE && this.text[this.at + 1] === OPEN_BRACE)) return this.literal();
    return this.fail(`Expected ${what}`);
  }

  /** An astring in UTF-8. */
  astring(what?: string): string {
    return this.utf8(this.astringBytes(what));
  }

  string(what?: string): string {
    return this.utf8(this.stringBytes(what));
  }

  /** A string, or `null` for NIL. */
  nstring(what?: string): string | null {
    return this.acceptWord('NIL') ? null : this.string(what);
  }

  /** Bytes of a string or literal8 (RFC 3516 §4.4: any bytes), or `null` for NIL. */
  nstringBytes(what = 'a string'): Buffer | null {
    if (this.acceptWord('NIL')) return null;
    return this.peek() === TILDE ? this.literal(true) : this.stringBytes(what);
  }

  /** `list-mailbox`: an astring that may also hold `%` and `*` unquoted. */
  listMailbox(): string {
    const byte = this.peek();
    if (byte === QUOTE || byte === OPEN_BRACE) return this.string();
    return this.run(LIST, 'Expected a mailbox pattern');
  }

  /** `(` item SP item … `)`; `allowEmpty` for `()`. Counts nesting. */
  list<T>(item: () => T, allowEmpty = false): T[] {
    return this.nested(() => {
      const items: T[] = [];
      if (allowEmpty && this.accept(')')) return items;
      items.push(item());
      while (this.peek() === SP) {
        this.at++;
        items.push(item());
      }
      this.expect(')');
      return items;
    });
  }

  /** Reads `(`, then `body`, which reads the `)`. Refuses the 51st level. */
  nested<T>(body: () => T): T {
    this.expect('(');
    return this.deeper(body);
  }

  /** Counts one level of nesting while `body` reads. */
  deeper<T>(body: () => T): T {
    if (++this.depth > NESTING_MAX) this.fail('Nested too deep');
    const value = body();
    this.depth--;
    return value;
  }

  get atList(): boolean {
    return this.peek() === OPEN_PAREN;
  }

  get atListEnd(): boolean {
    return this.peek() === CLOSE_PAREN;
  }

  /** `\Seen`, or a keyword, as sent. */
  flag(): string {
    const system = this.accept('\\');
    const name = this.atom('a flag');
    return system ? `\\${name}` : name;
  }

  flagList(): string[] {
    return this.list(() => this.flag(), true);
  }

  /** `$`, or ranges such as `1:3,5:*`. */
  sequenceSet(): SequenceSet {
    if (this.accept('$')) return '$';
    const ranges: SequenceRange[] = [];
    do {
      const first = this.sequenceNumber();
      const last = this.accept(':') ? this.sequenceNumber() : first;
      if (ranges.length === SEQUENCE_RANGES_MAX) this.fail('Too many ranges in a sequence set');
      ranges.push({ first, last });
    } while (this.accept(','));
    return ranges;
  }

  /** A quoted `date-time`, as milliseconds since the epoch. */
  dateTime(): number {
    const ms = this.peek() === QUOTE ? parseDateTime(this.quoted().toString('latin1')) : null;
    return ms ?? this.fail('Expected a date and time such as "17-Jul-2026 02:44:25 -0700"');
  }

  /** A `date`, quoted or not, as its midnight in UTC. */
  date(): number {
    const text = this.peek() === QUOTE ? this.quoted().toString('latin1') : this.atom('a date');
    return parseDate(text) ?? this.fail('Expected a date such as 17-Jul-2026');
  }

  /** UTF-8 text of bytes already read; refuses what is not UTF-8. */
  utf8(bytes: Buffer): string {
    const text = bytes.toString('utf8');
    // A replacement character the client did not send itself means its bytes were no UTF-8.
    if (text.includes('�') && !Buffer.from(text).equals(bytes)) this.fail('Text is not UTF-8');
    return text;
  }

  fail(message: string): never {
    throw new ImapSyntaxError(message);
  }

  private sequenceNumber(): number | '*' {
    return this.accept('*') ? '*' : this.nzNumber('a sequence set');
  }

  private run(allowed: number, otherwise: string): string {
    const start = this.at;
    while ((CLASSES[this.peek()]! & allowed) !== 0) this.at++;
    if (this.at === start) this.fail(otherwise);
    return this.text.toString('latin1', start, this.at);
  }

  private quoted(): Buffer {
    const start = ++this.at;
    let escapes = 0;
    for (; ; this.at++) {
      const byte = this.peek();
      if (byte === QUOTE) break;
      if (byte === BACKSLASH) {
        const escaped = this.text[++this.at] ?? -1;
        if (escaped !== QUOTE && escaped !== BACKSLASH)
          this.fail('Only \\" and \\\\ may be escaped in a quoted string');
        escapes++;
      } else if (byte === -1 || byte === CR || byte === LF) this.fail('Quoted string without its closing quote');
      else if (byte === 0) this.fail('NUL is not allowed');
    }
    const raw = this.text.subarray(start, this.at++);
    return escapes === 0 ? raw : Buffer.from(raw.toString('latin1').replace(/\\(.)/g, '$1'), 'latin1');
  }

  private literal(mayHoldNul = false): Buffer {
    const lf = this.text.indexOf(LF, this.at);
    const header = this.text.toString('latin1', this.at, lf < 0 ? this.text.length : lf + 1);
    const match = /^~?\{(\d{1,16})\+?\}\r\n$/.exec(header);
    if (!match) return this.fail('Expected a string');
    const start = lf + 1;
    const size = Number(match[1]);
    // A literal that was not announced at the end of a line is not there.
    if (start + size > this.text.length) this.fail('Incomplete literal');
    this.at = start + size;
    const bytes = this.text.subarray(start, this.at);
    if (!mayHoldNul && bytes.includes(0)) this.fail('NUL is not allowed');
    return bytes;
  }
}

const isDigit = (byte: number): boolean => byte >= 0x30 && byte <= 0x39;

/** Index -1 (the end of the text) reads as undefined, which no bit matches. */
function buildClasses(): Readonly<Record<number, number>> {
  const classes = new Uint8Array(256);
  for (let byte = 0x21; byte < 0x7f; byte++) {
    const char = String.fromCharCode(byte);
    // atom-specials: ( ) { SP CTL % * " \ ]
    const atom = !'(){%*"\\]'.includes(char);
    const astring = atom || char === ']';
    classes[byte] =
      (atom ? ATOM : 0) |
      (astring ? ASTRING : 0) |
      (astring || char === '%' || char === '*' ? LIST : 0) |
      (astring && char !== '+' ? TAG : 0) |
      (/[A-Za-z0-9.-]/.test(char) ? NAME : 0);
  }
  // 8-bit atoms are UTF-8 names sent bare by clients that should have quoted them; the name's own check decides.
  for (let byte = 0x80; byte < 0x100; byte++) classes[byte] = ASTRING | LIST;
  return classes;
}
