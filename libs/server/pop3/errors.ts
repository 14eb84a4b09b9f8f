import { MailStoreError, type MailStoreErrorCode } from '#mailstore/api';
import { type Pop3ResponseCode, Pop3SyntaxError } from '#protocol/pop3';
import { unreachable } from '#stdx';

/** `-ERR` from the server's side. */
export class Pop3Refusal extends Error {
  override readonly name = 'Pop3Refusal';
  constructor(
    readonly code: Pop3ResponseCode | null,
    readonly text: string,
  ) {
    super(text);
  }
}

/** How an error thrown by a command is told to the client, or `null` when it is no operating error. */
export function refusalOf(error: unknown): Pop3Refusal | null {
  if (error instanceof Pop3Refusal) return error;
  if (error instanceof Pop3SyntaxError) return new Pop3Refusal(null, error.message);
  if (error instanceof MailStoreError) return storeRefusal(error.code);
  return null;
}

/** RFC 3206: SYS/TEMP is worth another try, SYS/PERM wants somebody to look. */
function storeRefusal(code: MailStoreErrorCode): Pop3Refusal {
  switch (code) {
    case 'messageNotFound':
      return new Pop3Refusal(null, 'This message is gone');
    case 'accountNotFound':
    case 'mailboxNotFound':
    case 'unavailable':
    case 'bytesUnavailable':
    case 'stale':
    case 'diskFull':
      return new Pop3Refusal('SYS/TEMP', 'The mail is not here now, try again later');
    case 'corrupt':
      return new Pop3Refusal('SYS/PERM', 'Stored bytes could not be read');
    case 'mailboxExists':
    case 'mailboxProtected':
    case 'mailboxNameInvalid':
    case 'overQuota':
    case 'messageTooLarge':
    case 'limitExceeded':
    case 'keywordInvalid':
    case 'modified':
    case 'scriptActive':
    case 'scriptExists':
    case 'scriptNameInvalid':
    case 'notPermitted':
    case 'granteeNotFound':
    case 'annotationInvalid':
    case 'annotationTooLarge':
    case 'scriptNotFound':
      return new Pop3Refusal('SYS/PERM', 'This cannot be done');
    default:
      return unreachable(code);
  }
}
