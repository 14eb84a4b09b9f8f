import type { ArgumentReader } from '../argument-reader.ts';
import { type NameEncoding, readMailboxName } from '../mailbox-name.ts';

/** RFC 4314 §3.1. */
export interface SetAclArguments {
  readonly mailbox: string;
  readonly identifier: string;
  readonly mode: 'replace' | 'add' | 'remove';
  /** Letters of RFC 4314 §2.1. */
  readonly rights: string;
}

export interface AclArguments {
  readonly mailbox: string;
  readonly identifier: string;
}

/** RFC 4314 §2.1.1: what RFC 2086 called create and delete. */
const OBSOLETE: Readonly<Record<string, string>> = { c: 'k', d: 'xte' };

export function parseSetAcl(reader: ArgumentReader, encoding: NameEncoding): SetAclArguments {
  const { mailbox, identifier } = mailboxAndIdentifier(reader, encoding);
  reader.space();
  const text = reader.astring('rights');
  reader.end();
  const mode = text.startsWith('+') ? 'add' : text.startsWith('-') ? 'remove' : 'replace';
  const letters = mode === 'replace' ? text : text.slice(1);
  const rights = [...letters].map((letter) => OBSOLETE[letter] ?? letter).join('');
  // RFC 4314 §3.1: an unrecognized right is a client's error.
  if (!/^[lrswipkxtea]*$/.test(rights)) reader.fail('Unknown right');
  return { mailbox, identifier, mode, rights };
}

/** DELETEACL and LISTRIGHTS. RFC 4314 §3.2, §3.4. */
export function parseAcl(reader: ArgumentReader, encoding: NameEncoding): AclArguments {
  const parsed = mailboxAndIdentifier(reader, encoding);
  reader.end();
  return parsed;
}

function mailboxAndIdentifier(reader: ArgumentReader, encoding: NameEncoding): AclArguments {
  const mailbox = readMailboxName(reader, encoding);
  reader.space();
  const identifier = reader.astring('an identifier').normalize('NFC');
  if (identifier === '') reader.fail('An identifier is not empty');
  return { mailbox, identifier };
}
