import type { ArgumentReader } from '../argument-reader.ts';
import { type NameEncoding, readMailboxName } from '../mailbox-name.ts';
import type { SequenceSet } from '../sequence-set.ts';

/** RFC 9051 §6.4.6; UNCHANGEDSINCE, RFC 7162 §3.1.3. */
export interface StoreArguments {
  readonly messages: SequenceSet;
  readonly mode: 'add' | 'remove' | 'replace';
  readonly silent: boolean;
  /** As sent. */
  readonly flags: readonly string[];
  /** `null` when unconditional. */
  readonly unchangedSince: number | null;
}

export function parseStore(reader: ArgumentReader): StoreArguments {
  const messages = reader.sequenceSet();
  reader.space();
  let unchangedSince: number | null = null;
  if (reader.atList) {
    reader.list(() => {
      if (reader.keyword('a STORE modifier') !== 'UNCHANGEDSINCE') reader.fail('Unknown STORE modifier');
      reader.space();
      unchangedSince = reader.number64('a modification sequence');
    });
    reader.space();
  }
  const mode = reader.accept('+') ? 'add' : reader.accept('-') ? 'remove' : 'replace';
  const item = reader.dottedName();
  if (item !== 'FLAGS' && item !== 'FLAGS.SILENT') reader.fail('Expected FLAGS, +FLAGS, -FLAGS or one of them .SILENT');
  reader.space();
  const flags = reader.atList ? reader.flagList() : parseBareFlags(reader);
  reader.end();
  return { messages, mode, silent: item === 'FLAGS.SILENT', flags, unchangedSince };
}

/** `store-att-flags` also allows flags without parentheses. */
function parseBareFlags(reader: ArgumentReader): string[] {
  const flags = [reader.flag()];
  while (reader.accept(' ')) flags.push(reader.flag());
  return flags;
}

/** COPY and MOVE. RFC 9051 §6.4.7–8. */
export function parseCopy(
  reader: ArgumentReader,
  encoding: NameEncoding,
): { readonly messages: SequenceSet; readonly mailbox: string } {
  const messages = reader.sequenceSet();
  reader.space();
  const mailbox = readMailboxName(reader, encoding);
  reader.end();
  return { messages, mailbox };
}

/** UID EXPUNGE. RFC 9051 §6.4.9. */
export function parseUidExpunge(reader: ArgumentReader): { readonly messages: SequenceSet } {
  const messages = reader.sequenceSet();
  reader.end();
  return { messages };
}
