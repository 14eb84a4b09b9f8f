import { MailStoreError, type MailStoreErrorCode } from '#mailstore/api';
import { BadCharsetError, ImapSyntaxError } from '#protocol/imap';
import { unreachable } from '#stdx';

/** `NO` from the server's side: `code` is a response code without brackets, `text` what people read. */
export class ImapRefusal extends Error {
  override readonly name = 'ImapRefusal';
  constructor(
    readonly code: string | null,
    readonly text: string,
  ) {
    super(text);
  }
}

/** A message number from a client that has given them up. RFC 9586 §3.1. */
export class UidRequiredError extends ImapSyntaxError {
  constructor() {
    super('UIDONLY is enabled: use the UID command', 'UIDREQUIRED');
  }
}

/** A tagged refusal as it goes out. */
export interface Refusal {
  readonly status: 'NO' | 'BAD';
  readonly code: string | null;
  readonly text: string;
}

/** How an error thrown by a command is told to the client, or `null` when it is no operating error. Internals never get out. */
export function refusalOf(error: unknown): Refusal | null {
  if (error instanceof ImapSyntaxError) return { status: 'BAD', code: error.code, text: error.message };
  if (error instanceof ImapRefusal) return { status: 'NO', code: error.code, text: error.text };
  if (error instanceof BadCharsetError)
    // RFC 9051 §7.1: names what is understood.
    return { status: 'NO', code: 'BADCHARSET (UTF-8 US-ASCII)', text: 'Unknown charset' };
  if (error instanceof MailStoreError) return { status: 'NO', ...storeRefusal(error.code) };
  return null;
}

/** RFC 5530 codes (RFC 9051 §7.1) for everything the store may refuse. */
function storeRefusal(code: MailStoreErrorCode): { readonly code: string | null; readonly text: string } {
  switch (code) {
    case 'accountNotFound':
      return { code: 'UNAVAILABLE', text: 'The account is not here now' };
    case 'mailboxNotFound':
      return { code: 'NONEXISTENT', text: 'No such mailbox' };
    case 'mailboxExists':
      return { code: 'ALREADYEXISTS', text: 'There is such a mailbox already' };
    case 'mailboxProtected':
      return { code: 'CANNOT', text: 'This mailbox cannot be deleted or renamed so' };
    case 'mailboxNameInvalid':
      return { code: 'CANNOT', text: 'This is no mailbox name' };
    case 'messageNotFound':
      return { code: 'EXPUNGEISSUED', text: 'Some of these messages are gone' };
    case 'overQuota':
      return { code: 'OVERQUOTA', text: 'The quota would be exceeded' };
    case 'messageTooLarge':
      return { code: 'TOOBIG', text: 'The message is too large' };
    case 'limitExceeded':
      return { code: 'LIMIT', text: 'A limit of this account is reached' };
    case 'keywordInvalid':
      return { code: 'CANNOT', text: 'This is no keyword' };
    case 'scriptNotFound':
    case 'scriptExists':
    case 'scriptActive':
    case 'scriptNameInvalid':
      return { code: 'SERVERBUG', text: 'No command of this protocol meets a script' };
    case 'notPermitted':
      return { code: 'NOPERM', text: 'This mailbox is shared with you for less' };
    case 'granteeNotFound':
      return {
        code: 'CANNOT',
        text: 'Mailboxes are shared with other accounts of the same volume, by address, or with anyone',
      };
    case 'annotationInvalid':
      return { code: 'CANNOT', text: 'This is no name of an annotation' };
    case 'annotationTooLarge':
      return { code: 'TOOBIG', text: 'The value is too large' };
    case 'modified':
      return { code: null, text: 'Changed meanwhile' };
    case 'diskFull':
      return { code: 'UNAVAILABLE', text: 'No room on the storage now, try again later' };
    case 'unavailable':
    case 'stale':
      return { code: 'UNAVAILABLE', text: 'Try again later' };
    case 'bytesUnavailable':
      return { code: 'UNAVAILABLE', text: 'The storage of old mail does not answer now, try again later' };
    case 'corrupt':
      return { code: 'SERVERBUG', text: 'Stored bytes could not be read' };
    default:
      return unreachable(code);
  }
}

/** APPEND, COPY and MOVE to a mailbox that is not there invite the client to create it. RFC 9051 §7.1 TRYCREATE. */
export function inviteCreate(error: unknown): never {
  if (error instanceof MailStoreError && error.code === 'mailboxNotFound')
    throw new ImapRefusal('TRYCREATE', 'No such mailbox');
  throw error;
}
