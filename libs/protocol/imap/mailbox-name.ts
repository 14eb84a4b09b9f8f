import type { ArgumentReader } from './argument-reader.ts';
import { ImapSyntaxError } from './errors.ts';
import { decodeModifiedUtf7, encodeModifiedUtf7 } from './modified-utf7.ts';

/** How mailbox names travel: modified UTF-7 for IMAP4rev1, UTF-8 after `ENABLE IMAP4rev2` or `UTF8=ACCEPT`. RFC 9051 §5.1, RFC 6855 §3. */
export type NameEncoding = 'utf7' | 'utf8';

/** Unicode name of a mailbox argument, NFC, INBOX in upper case. RFC 9051 §5.1. */
export function readMailboxName(reader: ArgumentReader, encoding: NameEncoding): string {
  return canonicalMailboxName(readNameAsSent(reader, encoding));
}

/** The same as the client wrote it: OLDNAME tells it where ours differs. RFC 9051 §6.3.9.7. */
export function readNameAsSent(reader: ArgumentReader, encoding: NameEncoding): string {
  return decodeMailboxName(reader.astring('a mailbox name'), encoding);
}

/**
 * Unicode of a name or pattern on the wire. A rev1 client that sends 8-bit names has sent UTF-8 before us to other servers
 * and means it; a name that is not well-formed modified UTF-7 is refused, as two spellings of one name must not exist.
 */
export function decodeMailboxName(wire: string, encoding: NameEncoding): string {
  if (encoding === 'utf8' || /[^\x00-\x7f]/.test(wire)) return wire;
  const name = decodeModifiedUtf7(wire);
  if (name === null) throw new ImapSyntaxError('Mailbox name is not well-formed modified UTF-7');
  return name;
}

export const encodeMailboxName = (name: string, encoding: NameEncoding): string =>
  encoding === 'utf8' ? name : encodeModifiedUtf7(name);

/** INBOX and the first level of INBOX/child are case-insensitive; names are compared in NFC. */
export function canonicalMailboxName(name: string): string {
  const normal = name.normalize('NFC');
  return /^inbox(?=\/|$)/i.test(normal) ? `INBOX${normal.slice(5)}` : normal;
}
