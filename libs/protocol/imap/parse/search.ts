import { TextDecoder } from 'node:util';
import type { ArgumentReader } from '../argument-reader.ts';
import { BadCharsetError } from '../errors.ts';
import { SEARCH_KEYS_MAX } from '../limits.ts';
import { type PositionRange, readPositionRange } from '../position-range.ts';
import type { SequenceSet } from '../sequence-set.ts';

/** A search program as sent. RFC 9051 §6.4.4; WITHIN is RFC 5032, MODSEQ RFC 7162 §3.1.5, SAVED* RFC 8514, ids RFC 8474. */
export type SearchKey =
  | { readonly kind: 'all' }
  | { readonly kind: 'and'; readonly of: readonly SearchKey[] }
  | { readonly kind: 'or'; readonly of: readonly [SearchKey, SearchKey] }
  | { readonly kind: 'not'; readonly of: SearchKey }
  | { readonly kind: 'sequence' | 'uid'; readonly set: SequenceSet }
  /** A flag as IMAP names it, `\Seen` or a keyword, that is set or not. */
  | { readonly kind: 'flag'; readonly flag: string; readonly set: boolean }
  | { readonly kind: 'recent'; readonly set: boolean }
  | { readonly kind: 'larger' | 'smaller'; readonly bytes: number }
  /** `day` is the midnight in UTC that stands for the calendar day. */
  | {
      readonly kind: 'date';
      readonly field: 'internalDate' | 'sentDate' | 'savedDate';
      readonly relation: 'before' | 'on' | 'since';
      readonly day: number;
    }
  | { readonly kind: 'younger' | 'older'; readonly seconds: number }
  | { readonly kind: 'modSeq'; readonly modSeq: number }
  | { readonly kind: 'header'; readonly field: string; readonly text: string }
  | { readonly kind: 'body' | 'text'; readonly text: string }
  | { readonly kind: 'emailId' | 'threadId'; readonly id: string }
  | { readonly kind: 'saveDateSupported' };

/** RFC 4731 §3.1, RFC 5182 §2.1 (SAVE), RFC 9394 (PARTIAL). */
export interface SearchReturn {
  readonly min: boolean;
  readonly max: boolean;
  readonly all: boolean;
  readonly count: boolean;
  readonly save: boolean;
  readonly partial: PositionRange | null;
}

export interface SearchArguments {
  /** `null` without RETURN: answered by untagged SEARCH in IMAP4rev1. */
  readonly result: SearchReturn | null;
  readonly key: SearchKey;
  /** False when the charset is not known: the keys were not read, and the answer is BADCHARSET. */
  readonly charsetKnown: boolean;
  /** As sent; `null` when left out. */
  readonly charset: string | null;
  /** A MODSEQ key was used, which asks for MODSEQ in the answer and enables CONDSTORE. */
  readonly usesModSeq: boolean;
}

/** Reading state of one program. */
interface Program {
  readonly reader: ArgumentReader;
  readonly decode: (bytes: Buffer) => string;
  keys: number;
  usesModSeq: boolean;
}

export function parseSearch(reader: ArgumentReader): SearchArguments {
  const result = reader.acceptWord('RETURN') ? parseReturn(reader) : null;
  let charset: string | null = null;
  if (reader.acceptWord('CHARSET')) {
    reader.space();
    charset = reader.astring('a charset');
    reader.space();
  }
  // Not thrown: a failed search also empties the saved result (RFC 5182 §2.1).
  if (charset !== null && !isKnownCharset(charset))
    return { result, key: { kind: 'all' }, charset, charsetKnown: false, usesModSeq: false };
  return { result, charset, charsetKnown: true, ...parseSearchProgram(reader, charset ?? 'UTF-8') };
}

/** Search keys to the end of the command, their texts in `charset`. Throws `BadCharsetError`. */
export function parseSearchProgram(
  reader: ArgumentReader,
  charset: string,
): { readonly key: SearchKey; readonly usesModSeq: boolean } {
  const program: Program = { reader, decode: decoderOf(charset, reader), keys: 0, usesModSeq: false };
  const of: SearchKey[] = [parseKey(program)];
  while (!reader.atEnd) {
    reader.space();
    of.push(parseKey(program));
  }
  return { key: of.length === 1 ? of[0]! : { kind: 'and', of }, usesModSeq: program.usesModSeq };
}

/** ` (MIN MAX …) ` after the word RETURN; an empty list means ALL. */
export function parseReturn(reader: ArgumentReader): SearchReturn {
  reader.space();
  let partial: SearchReturn['partial'] = null;
  const options = new Set(
    reader.list(() => {
      const option = reader.keyword('a RETURN option');
      if (option === 'PARTIAL') {
        reader.space();
        partial = readPositionRange(reader);
      } else if (!['MIN', 'MAX', 'ALL', 'COUNT', 'SAVE'].includes(option)) reader.fail('Unknown RETURN option');
      return option;
    }, true),
  );
  reader.space();
  // RFC 9394 §3.1: the two answers would say the same thing twice.
  if (options.has('PARTIAL') && options.has('ALL')) reader.fail('PARTIAL and ALL exclude each other');
  const nothing = options.size === 0;
  return {
    min: options.has('MIN'),
    max: options.has('MAX'),
    all: options.has('ALL') || nothing,
    count: options.has('COUNT'),
    save: options.has('SAVE'),
    partial,
  };
}

function isKnownCharset(charset: string): boolean {
  try {
    return new TextDecoder(charset) !== null;
  } catch {
    return charset.toUpperCase() === 'US-ASCII';
  }
}

function decoderOf(charset: string, reader: ArgumentReader): (bytes: Buffer) => string {
  const name = charset.toUpperCase();
  if (name === 'UTF-8' || name === 'US-ASCII') return (bytes) => reader.utf8(bytes);
  let decoder: TextDecoder;
  try {
    decoder = new TextDecoder(charset, { fatal: true });
  } catch {
    throw new BadCharsetError();
  }
  return (bytes) => {
    try {
      return decoder.decode(bytes);
    } catch {
      return reader.fail('Text does not fit its charset');
    }
  };
}

type KeyParser = (program: Program) => SearchKey;

const text = ({ reader, decode }: Program): string => {
  reader.space();
  return decode(reader.astringBytes('a search text')).normalize('NFC');
};
const flag =
  (name: string, set: boolean): KeyParser =>
  () => ({ kind: 'flag', flag: name, set });
const header =
  (field: string): KeyParser =>
  (program) => ({ kind: 'header', field, text: text(program) });
const keyword =
  (set: boolean): KeyParser =>
  ({ reader }) => {
    reader.space();
    return { kind: 'flag', flag: reader.flag(), set };
  };
const date =
  (field: 'internalDate' | 'sentDate' | 'savedDate', relation: 'before' | 'on' | 'since'): KeyParser =>
  ({ reader }) => {
    reader.space();
    return { kind: 'date', field, relation, day: reader.date() };
  };
const amount = ({ reader }: Program): number => {
  reader.space();
  return reader.number64();
};
const id =
  (kind: 'emailId' | 'threadId'): KeyParser =>
  ({ reader }) => {
    reader.space();
    return { kind, id: reader.astring('an id') };
  };

const KEYS: Readonly<Record<string, KeyParser>> = {
  ALL: () => ({ kind: 'all' }),
  ANSWERED: flag('\\Answered', true),
  DELETED: flag('\\Deleted', true),
  DRAFT: flag('\\Draft', true),
  FLAGGED: flag('\\Flagged', true),
  SEEN: flag('\\Seen', true),
  UNANSWERED: flag('\\Answered', false),
  UNDELETED: flag('\\Deleted', false),
  UNDRAFT: flag('\\Draft', false),
  UNFLAGGED: flag('\\Flagged', false),
  UNSEEN: flag('\\Seen', false),
  KEYWORD: keyword(true),
  UNKEYWORD: keyword(false),
  RECENT: () => ({ kind: 'recent', set: true }),
  OLD: () => ({ kind: 'recent', set: false }),
  NEW: () => ({
    kind: 'and',
    of: [
      { kind: 'recent', set: true },
      { kind: 'flag', flag: '\\Seen', set: false },
    ],
  }),
  BCC: header('Bcc'),
  CC: header('Cc'),
  FROM: header('From'),
  SUBJECT: header('Subject'),
  TO: header('To'),
  HEADER: (program) => {
    program.reader.space();
    const field = program.reader.astring('a header field name');
    return { kind: 'header', field, text: text(program) };
  },
  BODY: (program) => ({ kind: 'body', text: text(program) }),
  TEXT: (program) => ({ kind: 'text', text: text(program) }),
  LARGER: (program) => ({ kind: 'larger', bytes: amount(program) }),
  SMALLER: (program) => ({ kind: 'smaller', bytes: amount(program) }),
  BEFORE: date('internalDate', 'before'),
  ON: date('internalDate', 'on'),
  SINCE: date('internalDate', 'since'),
  SENTBEFORE: date('sentDate', 'before'),
  SENTON: date('sentDate', 'on'),
  SENTSINCE: date('sentDate', 'since'),
  SAVEDBEFORE: date('savedDate', 'before'),
  SAVEDON: date('savedDate', 'on'),
  SAVEDSINCE: date('savedDate', 'since'),
  SAVEDATESUPPORTED: () => ({ kind: 'saveDateSupported' }),
  YOUNGER: (program) => ({ kind: 'younger', seconds: amount(program) || program.reader.fail('Zero is no interval') }),
  OLDER: (program) => ({ kind: 'older', seconds: amount(program) || program.reader.fail('Zero is no interval') }),
  EMAILID: id('emailId'),
  THREADID: id('threadId'),
  UID: ({ reader }) => {
    reader.space();
    return { kind: 'uid', set: reader.sequenceSet() };
  },
  MODSEQ: parseModSeq,
  NOT: (program) => {
    program.reader.space();
    return { kind: 'not', of: program.reader.deeper(() => parseKey(program)) };
  },
  OR: (program) =>
    program.reader.deeper(() => {
      program.reader.space();
      const left = parseKey(program);
      program.reader.space();
      return { kind: 'or', of: [left, parseKey(program)] };
    }),
};

function parseKey(program: Program): SearchKey {
  const { reader } = program;
  if (++program.keys > SEARCH_KEYS_MAX) reader.fail('Too many search keys');
  if (reader.atList) return { kind: 'and', of: reader.list(() => parseKey(program)) };
  const byte = reader.peek();
  if ((byte >= 0x30 && byte <= 0x39) || byte === 0x2a || byte === 0x24)
    return { kind: 'sequence', set: reader.sequenceSet() };
  const name = reader.keyword('a search key');
  const parse = Object.hasOwn(KEYS, name) ? KEYS[name] : undefined;
  return parse ? parse(program) : reader.fail('Unknown search key');
}

/** `MODSEQ ["/flags/\Seen" all|priv|shared] n`: we keep one modSeq for all metadata of a message, so the entry only narrows syntactically. RFC 7162 §3.1.5. */
function parseModSeq(program: Program): SearchKey {
  const { reader } = program;
  program.usesModSeq = true;
  reader.space();
  if (reader.peek() === 0x22) {
    if (!reader.string().toLowerCase().startsWith('/flags/')) reader.fail('Unknown metadata entry');
    reader.space();
    if (!['ALL', 'PRIV', 'SHARED'].includes(reader.keyword())) reader.fail('Expected all, priv or shared');
    reader.space();
  }
  return { kind: 'modSeq', modSeq: reader.number64('a modification sequence') };
}
