import type { ArgumentReader } from '../argument-reader.ts';
import {
  canonicalMailboxName,
  decodeMailboxName,
  type NameEncoding,
  readMailboxName,
  readNameAsSent,
} from '../mailbox-name.ts';

/** SELECT and EXAMINE. RFC 9051 §6.3.2; CONDSTORE and QRESYNC parameters, RFC 7162 §3.1.8, §3.2.5. */
export interface SelectArguments {
  readonly mailbox: string;
  /** The name before it was made canonical. */
  readonly asSent: string;
  readonly condstore: boolean;
  readonly qresync: QresyncArguments | null;
}

export interface QresyncArguments {
  readonly uidValidity: number;
  readonly modSeq: number;
  /** UIDs the client knows; `null` for all. */
  readonly knownUids: readonly { readonly first: number | '*'; readonly last: number | '*' }[] | null;
  /** Pairs of sequence numbers and uids the client believes in, to find how far it can be trusted. */
  readonly match: {
    readonly sequence: readonly { readonly first: number | '*'; readonly last: number | '*' }[];
    readonly uids: readonly { readonly first: number | '*'; readonly last: number | '*' }[];
  } | null;
}

export function parseSelect(reader: ArgumentReader, encoding: NameEncoding): SelectArguments {
  const asSent = readNameAsSent(reader, encoding);
  let condstore = false;
  let qresync: QresyncArguments | null = null;
  if (reader.accept(' ')) {
    reader.list(() => {
      const parameter = reader.keyword('a SELECT parameter');
      if (parameter === 'CONDSTORE') condstore = true;
      else if (parameter === 'QRESYNC') qresync = parseQresync(reader);
      else reader.fail('Unknown SELECT parameter');
    });
  }
  reader.end();
  return { mailbox: canonicalMailboxName(asSent), asSent, condstore, qresync };
}

function parseQresync(reader: ArgumentReader): QresyncArguments {
  reader.space();
  return reader.nested(() => {
    const uidValidity = reader.nzNumber('a UIDVALIDITY');
    reader.space();
    const modSeq = reader.number64('a modification sequence');
    let knownUids: QresyncArguments['knownUids'] = null;
    let match: QresyncArguments['match'] = null;
    if (reader.accept(' ')) {
      if (!reader.atList) {
        knownUids = plainSet(reader);
        if (reader.accept(' ')) match = parseMatch(reader);
      } else match = parseMatch(reader);
    }
    reader.expect(')');
    return { uidValidity, modSeq, knownUids, match };
  });
}

function parseMatch(reader: ArgumentReader): QresyncArguments['match'] {
  return reader.nested(() => {
    const sequence = plainSet(reader);
    reader.space();
    const uids = plainSet(reader);
    reader.expect(')');
    return { sequence, uids };
  });
}

function plainSet(reader: ArgumentReader) {
  const set = reader.sequenceSet();
  return set === '$' ? reader.fail('$ is not allowed here') : set;
}

/** DELETE, SUBSCRIBE, UNSUBSCRIBE: one name and nothing else. */
export function parseMailbox(reader: ArgumentReader, encoding: NameEncoding): { readonly mailbox: string } {
  const mailbox = readMailboxName(reader, encoding);
  reader.end();
  return { mailbox };
}

/** RFC 9051 §6.3.4; `USE (\Sent)`, RFC 6154 §3. `use` holds attributes as sent. */
export function parseCreate(
  reader: ArgumentReader,
  encoding: NameEncoding,
): { readonly mailbox: string; readonly asSent: string; readonly use: readonly string[] } {
  const asSent = readNameAsSent(reader, encoding);
  let use: string[] = [];
  if (reader.accept(' ')) {
    reader.list(() => {
      if (reader.keyword('a CREATE parameter') !== 'USE') reader.fail('Unknown CREATE parameter');
      reader.space();
      use = reader.flagList();
    });
  }
  reader.end();
  return { mailbox: canonicalMailboxName(asSent), asSent, use };
}

/** RFC 9051 §6.3.6. */
export function parseRename(
  reader: ArgumentReader,
  encoding: NameEncoding,
): { readonly from: string; readonly to: string; readonly fromAsSent: string; readonly toAsSent: string } {
  const fromAsSent = readNameAsSent(reader, encoding);
  reader.space();
  const toAsSent = readNameAsSent(reader, encoding);
  reader.end();
  return { from: canonicalMailboxName(fromAsSent), to: canonicalMailboxName(toAsSent), fromAsSent, toAsSent };
}

/** One data item of STATUS. RFC 9051 §6.3.11; SIZE RFC 8438, HIGHESTMODSEQ RFC 7162, APPENDLIMIT RFC 7889, MAILBOXID RFC 8474, DELETED-STORAGE RFC 9208. */
export type StatusItem = (typeof STATUS_ITEMS)[number];
const STATUS_ITEMS = [
  'MESSAGES',
  'RECENT',
  'UIDNEXT',
  'UIDVALIDITY',
  'UNSEEN',
  'DELETED',
  'DELETED-STORAGE',
  'SIZE',
  'HIGHESTMODSEQ',
  'APPENDLIMIT',
  'MAILBOXID',
] as const;

export function parseStatus(
  reader: ArgumentReader,
  encoding: NameEncoding,
): { readonly mailbox: string; readonly items: readonly StatusItem[] } {
  const mailbox = readMailboxName(reader, encoding);
  reader.space();
  const items = parseStatusItems(reader);
  reader.end();
  return { mailbox, items };
}

export function parseStatusItems(reader: ArgumentReader): readonly StatusItem[] {
  const items = reader.list(() => {
    const name = reader.keyword('a STATUS item');
    return STATUS_ITEMS.find((item) => item === name) ?? reader.fail('Unknown STATUS item');
  });
  return [...new Set(items)];
}

/** LIST and LSUB. Names are Unicode, with the wildcards `%` and `*` in `patterns`. RFC 5258. */
export interface ListArguments {
  readonly reference: string;
  readonly patterns: readonly string[];
  readonly selection: ReadonlySet<ListSelection>;
  readonly returns: ReadonlySet<ListReturn>;
  /** Items of `RETURN (STATUS (…))`, RFC 5819; `null` when not asked for. */
  readonly status: readonly StatusItem[] | null;
  /** Any RFC 5258 syntax was used, so the answer may say more than RFC 3501 allows. */
  readonly extended: boolean;
}
export type ListSelection = (typeof SELECTIONS)[number];
export type ListReturn = (typeof RETURNS)[number];
const SELECTIONS = ['SUBSCRIBED', 'REMOTE', 'RECURSIVEMATCH', 'SPECIAL-USE'] as const;
const RETURNS = ['SUBSCRIBED', 'CHILDREN', 'SPECIAL-USE'] as const;
const PATTERNS_MAX = 100;

export function parseList(reader: ArgumentReader, encoding: NameEncoding): ListArguments {
  const selection = new Set<ListSelection>();
  const returns = new Set<ListReturn>();
  let status: readonly StatusItem[] | null = null;
  let extended = reader.atList;
  if (reader.atList) {
    reader.list(() => {
      const option = reader.keyword('a LIST selection option');
      selection.add(SELECTIONS.find((known) => known === option) ?? reader.fail('Unknown LIST selection option'));
    }, true);
    // RFC 5258 §3.1: RECURSIVEMATCH by itself, or with REMOTE only, has nothing to match recursively.
    if (selection.has('RECURSIVEMATCH') && !selection.has('SUBSCRIBED') && !selection.has('SPECIAL-USE'))
      reader.fail('RECURSIVEMATCH needs another selection option');
    reader.space();
  }
  const reference = readPattern(reader.astring('a reference name'), encoding);
  reader.space();
  let patterns: string[];
  if (reader.atList) {
    extended = true;
    patterns = reader.list(() => readPattern(reader.listMailbox(), encoding));
    if (patterns.length > PATTERNS_MAX) reader.fail('Too many mailbox patterns');
  } else patterns = [readPattern(reader.listMailbox(), encoding)];
  if (reader.accept(' ')) {
    extended = true;
    if (!reader.acceptWord('RETURN')) reader.fail('Expected RETURN');
    reader.space();
    reader.list(() => {
      const option = reader.keyword('a LIST return option');
      if (option === 'STATUS') {
        reader.space();
        status = parseStatusItems(reader);
      } else returns.add(RETURNS.find((known) => known === option) ?? reader.fail('Unknown LIST return option'));
    }, true);
  }
  reader.end();
  return { reference, patterns, selection, returns, status, extended };
}

/** LSUB: RFC 3501 §6.3.9. */
export function parseLsub(
  reader: ArgumentReader,
  encoding: NameEncoding,
): { readonly reference: string; readonly pattern: string } {
  const reference = readPattern(reader.astring('a reference name'), encoding);
  reader.space();
  const pattern = readPattern(reader.listMailbox(), encoding);
  reader.end();
  return { reference, pattern };
}

/** Wildcards are ASCII, so a pattern decodes like a name; INBOX's case is settled by the matcher. */
const readPattern = (wire: string, encoding: NameEncoding): string =>
  decodeMailboxName(wire, encoding).normalize('NFC');
