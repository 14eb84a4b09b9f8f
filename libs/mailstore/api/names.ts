import { MailStoreError } from './errors.ts';
import type { MailStoreLimits } from './limits.ts';
import type { MailboxRole } from './model.ts';

/** What every account is born with, all subscribed: INBOX and the special uses mail clients look for (RFC 6154 §2). */
export const initialMailboxes: readonly { readonly name: string; readonly role: MailboxRole }[] = [
  { name: 'INBOX', role: 'inbox' },
  { name: 'Drafts', role: 'drafts' },
  { name: 'Sent', role: 'sent' },
  { name: 'Junk', role: 'junk' },
  { name: 'Trash', role: 'trash' },
  { name: 'Archive', role: 'archive' },
];

// Net-Unicode (RFC 5198 §2) has no controls and no line separators; `*` and `%` are LIST's wildcards and a leading `#`
// names a namespace (RFC 9051 §5.1), so a mailbox with one of these could not be listed or reached.
const FORBIDDEN = /[\u0000-\u001f\u007f-\u009f\u2028\u2029*%]|^#/;

/**
 * The stored form of a mailbox name: NFC, `INBOX` in capitals when it is the first level in any case (RFC 9051 §5.1).
 * Throws `mailboxNameInvalid` for an empty name or level, a forbidden character, a lone surrogate, or a name past the limits.
 */
export function canonicalMailboxName(name: string, limits: MailStoreLimits): string {
  const invalid = (why: string): MailStoreError => new MailStoreError('mailboxNameInvalid', why);
  if (name.length > limits.mailboxNameBytesMax) throw invalid('name too long');
  if (!name.isWellFormed() || FORBIDDEN.test(name)) throw invalid('forbidden character in name');
  const levels = name.normalize('NFC').split('/');
  if (levels.some((level) => level === '')) throw invalid('empty level in name');
  if (levels.length > limits.mailboxDepthMax) throw invalid('name too deep');
  if (levels[0]!.toUpperCase() === 'INBOX') levels[0] = 'INBOX';
  const canonical = levels.join('/');
  if (Buffer.byteLength(canonical) > limits.mailboxNameBytesMax) throw invalid('name too long');
  return canonical;
}

/** The form to look a name up by: canonical where it can be, so that a name no mailbox could have is merely not found. */
export function lookupName(name: string, limits: MailStoreLimits): string | undefined {
  try {
    return canonicalMailboxName(name, limits);
  } catch {
    return undefined;
  }
}

/** `a/b/c` → `['a', 'a/b']`: parents, outermost first. */
export function parentNames(name: string): readonly string[] {
  const levels = name.split('/');
  return levels.slice(1).map((_, index) => levels.slice(0, index + 1).join('/'));
}
