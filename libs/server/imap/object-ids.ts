import type { AccountId, StoredMessage } from '#mailstore/api';
import type { FoundMailbox } from './shared-names.ts';

// RFC 8474 §4: letters, digits, `-` and `_`.

/** Unique in what an account sees and never reused. */
export const mailboxObjectId = ({ accountId }: { readonly accountId: AccountId }, { ref }: FoundMailbox): string =>
  ref.accountId === accountId ? `F${ref.mailboxId}` : `S${ref.accountId}-${ref.mailboxId}`;

const HASH_DIGITS = 32;

/**
 * RFC 8474 §5.1: the same for all that is the same in what never changes of a message, which is its bytes and its INTERNALDATE;
 * so a copy keeps it. 128 bits of the bytes' SHA-256.
 */
export const emailObjectId = ({ blobId, internalDate }: StoredMessage): string =>
  `M${blobId.slice(0, HASH_DIGITS)}-${internalDate < 0 ? 'n' : ''}${Math.abs(internalDate).toString(36)}`;

/** The internalDate in an EMAILID; `null` for what is none of ours. */
export function internalDateOf(emailId: string): number | null {
  const match = /^M[0-9a-f]{32}-(n?)([0-9a-z]{1,10})$/.exec(emailId);
  if (!match) return null;
  const milliseconds = Number.parseInt(match[2]!, 36);
  return match[1] ? -milliseconds : milliseconds;
}
