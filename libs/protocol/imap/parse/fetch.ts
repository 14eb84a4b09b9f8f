import type { ArgumentReader } from '../argument-reader.ts';
import { type PositionRange, readPositionRange } from '../position-range.ts';
import type { SequenceSet } from '../sequence-set.ts';

/** What of a part is asked for. RFC 9051 §6.4.5.1. `null` is its body (the whole message where `part` is empty). */
export type SectionText = 'HEADER' | 'TEXT' | 'MIME' | 'HEADER.FIELDS' | 'HEADER.FIELDS.NOT';

export interface Section {
  /** `1.2.3`; empty for the message itself. */
  readonly part: readonly number[];
  readonly text: SectionText | null;
  /** Field names as sent, for HEADER.FIELDS and its NOT. */
  readonly fields: readonly string[];
}

/** `<start.length>`: bytes; `length` is above zero. */
export interface PartialRange {
  readonly start: number;
  readonly length: number;
}

export type FetchItem =
  | {
      readonly kind:
        | 'flags'
        | 'uid'
        | 'internalDate'
        | 'size'
        | 'envelope'
        /** BODY: the structure without extension data. */
        | 'body'
        | 'bodyStructure'
        | 'modSeq'
        | 'emailId'
        | 'threadId'
        | 'saveDate';
    }
  | { readonly kind: 'preview'; readonly lazy: boolean }
  | {
      readonly kind: 'section';
      readonly section: Section;
      readonly partial: PartialRange | null;
      /** Does not set \Seen. */
      readonly peek: boolean;
      /** The name in the answer: RFC822.TEXT and kin are sections under an older name. */
      readonly label: 'BODY' | 'RFC822' | 'RFC822.HEADER' | 'RFC822.TEXT';
    }
  | {
      readonly kind: 'binary';
      readonly part: readonly number[];
      readonly partial: PartialRange | null;
      readonly peek: boolean;
    }
  | { readonly kind: 'binarySize'; readonly part: readonly number[] };

export interface FetchArguments {
  readonly messages: SequenceSet;
  readonly items: readonly FetchItem[];
  /** RFC 7162 §3.1.4.1; 0 when not given. */
  readonly changedSince: number;
  /** RFC 7162 §3.2.6. */
  readonly vanished: boolean;
  /** Only these of the messages found. RFC 9394 §3.3. */
  readonly partial: PositionRange | null;
}

const FLAGS: FetchItem = { kind: 'flags' };
const INTERNALDATE: FetchItem = { kind: 'internalDate' };
const SIZE: FetchItem = { kind: 'size' };
const ENVELOPE: FetchItem = { kind: 'envelope' };
const MACROS: Readonly<Record<string, readonly FetchItem[]>> = {
  ALL: [FLAGS, INTERNALDATE, SIZE, ENVELOPE],
  FAST: [FLAGS, INTERNALDATE, SIZE],
  FULL: [FLAGS, INTERNALDATE, SIZE, ENVELOPE, { kind: 'body' }],
};
const SIMPLE: Readonly<Record<string, FetchItem>> = {
  FLAGS,
  INTERNALDATE,
  'RFC822.SIZE': SIZE,
  ENVELOPE,
  UID: { kind: 'uid' },
  BODYSTRUCTURE: { kind: 'bodyStructure' },
  MODSEQ: { kind: 'modSeq' },
  EMAILID: { kind: 'emailId' },
  THREADID: { kind: 'threadId' },
  SAVEDATE: { kind: 'saveDate' },
};
const WHOLE: Section = { part: [], text: null, fields: [] };
const OLD: Readonly<Record<string, FetchItem>> = {
  RFC822: { kind: 'section', section: WHOLE, partial: null, peek: false, label: 'RFC822' },
  'RFC822.HEADER': {
    kind: 'section',
    section: { ...WHOLE, text: 'HEADER' },
    partial: null,
    peek: true,
    label: 'RFC822.HEADER',
  },
  'RFC822.TEXT': {
    kind: 'section',
    section: { ...WHOLE, text: 'TEXT' },
    partial: null,
    peek: false,
    label: 'RFC822.TEXT',
  },
};
const PART_NUMBERS_MAX = 100;
const ITEMS_MAX = 500;

/** RFC 9051 §6.4.5, RFC 7162 §3.1.4. */
export function parseFetch(reader: ArgumentReader): FetchArguments {
  const messages = reader.sequenceSet();
  reader.space();
  const items = parseFetchItems(reader);
  let changedSince = 0;
  let vanished = false;
  let partial: PositionRange | null = null;
  if (reader.accept(' ')) {
    reader.list(() => {
      const modifier = reader.keyword('a FETCH modifier');
      if (modifier === 'CHANGEDSINCE') {
        reader.space();
        changedSince = reader.number64('a modification sequence');
      } else if (modifier === 'PARTIAL') {
        if (partial) reader.fail('One PARTIAL is enough');
        reader.space();
        partial = readPositionRange(reader);
      } else if (modifier === 'VANISHED') vanished = true;
      else reader.fail('Unknown FETCH modifier');
    });
  }
  reader.end();
  return { messages, items, changedSince, vanished, partial };
}

export function parseFetchItems(reader: ArgumentReader): readonly FetchItem[] {
  if (reader.atList) {
    const items = reader.list(() => parseItem(reader));
    if (items.length > ITEMS_MAX) reader.fail('Too many FETCH items');
    return items;
  }
  for (const [name, items] of Object.entries(MACROS)) if (reader.acceptWord(name)) return items;
  return [parseItem(reader)];
}

function parseItem(reader: ArgumentReader): FetchItem {
  const name = reader.dottedName();
  const simple = SIMPLE[name] ?? OLD[name];
  if (simple) return simple;
  switch (name) {
    case 'BODY':
      if (!reader.accept('[')) return { kind: 'body' };
      return sectionItem(reader, false);
    case 'BODY.PEEK':
      reader.expect('[');
      return sectionItem(reader, true);
    case 'BINARY':
    case 'BINARY.PEEK': {
      reader.expect('[');
      const part = binaryPart(reader);
      return { kind: 'binary', part, partial: parsePartial(reader), peek: name === 'BINARY.PEEK' };
    }
    case 'BINARY.SIZE':
      reader.expect('[');
      return { kind: 'binarySize', part: binaryPart(reader) };
    case 'PREVIEW':
      // RFC 8970 §4.
      return { kind: 'preview', lazy: reader.acceptText(' (LAZY)') };
    default:
      return reader.fail('Unknown FETCH item');
  }
}

function sectionItem(reader: ArgumentReader, peek: boolean): FetchItem {
  const section = parseSection(reader);
  return { kind: 'section', section, partial: parsePartial(reader), peek, label: 'BODY' };
}

/** What stands between `[` and `]`, and the `]`. RFC 9051 §9 `section-spec`. */
export function parseSection(reader: ArgumentReader): Section {
  const part = partNumbers(reader);
  if (reader.accept(']')) {
    return { part, text: null, fields: [] };
  }
  const text = reader.dottedName();
  switch (text) {
    case 'HEADER':
    case 'TEXT':
      reader.expect(']');
      return { part, text, fields: [] };
    case 'MIME':
      if (part.length === 0) reader.fail('MIME needs a part number');
      reader.expect(']');
      return { part, text, fields: [] };
    case 'HEADER.FIELDS':
    case 'HEADER.FIELDS.NOT': {
      reader.space();
      const fields = reader.list(() => reader.astring('a header field name'));
      reader.expect(']');
      return { part, text, fields };
    }
    default:
      return reader.fail('Unknown section');
  }
}

/** `1.2.`, `1.2` or nothing: a trailing dot is consumed only where a section text follows. */
function partNumbers(reader: ArgumentReader): number[] {
  const part: number[] = [];
  while (isDigit(reader.peek())) {
    if (part.length === PART_NUMBERS_MAX) reader.fail('Part number too deep');
    part.push(reader.nzNumber('a part number'));
    if (!reader.accept('.')) {
      if (reader.peek() !== 0x5d) reader.fail('Expected ] after the part number');
      break;
    }
    if (reader.peek() === 0x5d) reader.fail('Part number ends with a dot');
  }
  return part;
}

/** RFC 3516 §4.1: only part numbers; the empty section is the whole message in RFC 9051. */
function binaryPart(reader: ArgumentReader): number[] {
  const part = partNumbers(reader);
  reader.expect(']');
  return part;
}

function parsePartial(reader: ArgumentReader): PartialRange | null {
  if (!reader.accept('<')) return null;
  const start = reader.number64('an offset');
  reader.expect('.');
  const length = reader.number64('a length');
  if (length === 0) reader.fail('A partial length must be above zero');
  reader.expect('>');
  return { start, length };
}

const isDigit = (byte: number): boolean => byte >= 0x30 && byte <= 0x39;
