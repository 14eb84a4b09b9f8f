import { Pop3SyntaxError } from './errors.ts';

/** A command as its line says it. */
export interface Pop3CommandLine {
  /** Upper case. */
  readonly name: string;
  /** What follows the name and one space, as it is; '' where nothing does. Read it with the functions below. */
  readonly rest: Buffer;
}

const SPACE = 0x20;
const NUMBER = /^[0-9]{1,10}$/;
const NUMBER_MAX = 0xffff_ffff;

/** RFC 1939 §3: three or four letters, in any case (RFC 2449 has longer ones, up to 8 here). */
export function parseCommandLine(line: Buffer): Pop3CommandLine {
  const space = line.indexOf(SPACE);
  const name = line.toString('latin1', 0, space < 0 ? line.length : space);
  if (!/^[A-Za-z0-9]{1,8}$/.test(name)) throw new Pop3SyntaxError('A line begins with a command');
  return { name: name.toUpperCase(), rest: space < 0 ? line.subarray(line.length) : line.subarray(space + 1) };
}

/** Words between spaces; clients that send spaces at the end of a line are forgiven. */
const words = (rest: Buffer): readonly string[] => rest.toString('latin1').split(' ').filter(Boolean);

export function parseNothing(rest: Buffer): void {
  if (words(rest).length > 0) throw new Pop3SyntaxError('No arguments are wanted');
}

/** A message's number. RFC 1939 §5. */
export function parseMessageNumber(rest: Buffer): number {
  const [word, ...more] = words(rest);
  if (word === undefined || more.length > 0) throw new Pop3SyntaxError("A message's number is wanted");
  return messageNumber(word);
}

/** The same, or `null` for all of them. */
export const parseOptionalMessageNumber = (rest: Buffer): number | null =>
  words(rest).length === 0 ? null : parseMessageNumber(rest);

/** TOP msg n. RFC 1939 §7. */
export function parseTop(rest: Buffer): { readonly number: number; readonly lines: number } {
  const [number, lines, ...more] = words(rest);
  if (number === undefined || lines === undefined || more.length > 0)
    throw new Pop3SyntaxError("A message's number and a count of lines are wanted");
  return { number: messageNumber(number), lines: count(lines) };
}

/** USER name. RFC 1939 §7; UTF-8 by RFC 6856 §2.2. */
export function parseUser(rest: Buffer): string {
  const name = text(rest).trim();
  if (name === '') throw new Pop3SyntaxError('A name is wanted');
  return name;
}

/** PASS string: all of the rest, spaces too. RFC 1939 §7. */
export function parsePass(rest: Buffer): string {
  if (rest.length === 0) throw new Pop3SyntaxError('A password is wanted');
  return text(rest);
}

/** AUTH mechanism [initial-response]; no mechanism asks which there are, as clients older than RFC 5034 do. */
export function parseAuth(rest: Buffer): {
  readonly mechanism: string | null;
  readonly initialResponse: string | null;
} {
  const [mechanism = null, initialResponse = null, ...more] = words(rest);
  if (more.length > 0) throw new Pop3SyntaxError('A mechanism and at most an initial response are wanted');
  return { mechanism: mechanism?.toUpperCase() ?? null, initialResponse };
}

/** LANG [tag]. RFC 6856 §3. */
export function parseLang(rest: Buffer): string | null {
  const [tag = null, ...more] = words(rest);
  if (more.length > 0 || (tag !== null && !/^(?:[A-Za-z0-9-]{1,40}|\*)$/.test(tag)))
    throw new Pop3SyntaxError('A language tag is wanted');
  return tag;
}

function messageNumber(word: string): number {
  const number = count(word);
  if (number === 0) throw new Pop3SyntaxError('Messages are counted from 1');
  return number;
}

function count(word: string): number {
  if (!NUMBER.test(word) || Number(word) > NUMBER_MAX) throw new Pop3SyntaxError('A number is wanted');
  return Number(word);
}

const utf8 = new TextDecoder('utf-8', { fatal: true });

function text(bytes: Buffer): string {
  try {
    const decoded = utf8.decode(bytes);
    if (decoded.includes('\0')) throw new Pop3SyntaxError('NUL is not text');
    return decoded;
  } catch (error) {
    throw error instanceof Pop3SyntaxError ? error : new Pop3SyntaxError('This is not UTF-8');
  }
}
