import type { ArgumentReader } from '../argument-reader.ts';
import { canonicalMailboxName, decodeMailboxName, type NameEncoding } from '../mailbox-name.ts';

/** RFC 5464 §4.2. `mailbox` '' asks for the server's own. */
export interface GetMetadataArguments {
  readonly mailbox: string;
  /** As sent. */
  readonly entries: readonly string[];
  /** Values longer than this are left out; `null` for no bound. */
  readonly maxSize: number | null;
  readonly depth: 0 | 1 | 'infinity';
}

/** RFC 5464 §4.3. */
export interface SetMetadataArguments {
  readonly mailbox: string;
  readonly changes: readonly { readonly entry: string; readonly value: Buffer | null }[];
}

const ENTRIES_MAX = 100;

export function parseGetMetadata(reader: ArgumentReader, encoding: NameEncoding): GetMetadataArguments {
  let maxSize: number | null = null;
  let depth: GetMetadataArguments['depth'] = 0;
  if (reader.atList) {
    reader.list(() => {
      const option = reader.keyword('a GETMETADATA option');
      reader.space();
      if (option === 'MAXSIZE') maxSize = reader.number('a size');
      else if (option === 'DEPTH') depth = readDepth(reader);
      else reader.fail('Unknown GETMETADATA option');
    });
    reader.space();
  }
  const mailbox = readMailbox(reader, encoding);
  reader.space();
  const entries = reader.atList ? reader.list(() => readEntry(reader)) : [readEntry(reader)];
  if (entries.length > ENTRIES_MAX) reader.fail('Too many entries');
  reader.end();
  return { mailbox, entries, maxSize, depth };
}

export function parseSetMetadata(reader: ArgumentReader, encoding: NameEncoding): SetMetadataArguments {
  const mailbox = readMailbox(reader, encoding);
  reader.space();
  const changes = reader.list(() => {
    const entry = readEntry(reader);
    reader.space();
    return { entry, value: reader.nstringBytes('a value') };
  });
  if (changes.length > ENTRIES_MAX) reader.fail('Too many entries');
  reader.end();
  return { mailbox, changes };
}

function readDepth(reader: ArgumentReader): GetMetadataArguments['depth'] {
  const depth = reader.atom('a depth').toLowerCase();
  if (depth === 'infinity') return depth;
  return depth === '0' ? 0 : depth === '1' ? 1 : reader.fail('A depth is 0, 1 or infinity');
}

const readMailbox = (reader: ArgumentReader, encoding: NameEncoding): string =>
  canonicalMailboxName(decodeMailboxName(reader.astring('a mailbox name'), encoding));

function readEntry(reader: ArgumentReader): string {
  const entry = reader.astring('an entry name');
  // RFC 5464 §3.2.
  if (!/^\/(?!.*\/\/)[\x21-\x7e]*[^/*%]$/.test(entry) || /[*%]/.test(entry)) reader.fail('This is no entry name');
  return entry;
}
