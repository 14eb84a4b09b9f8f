import { MailStoreError, type MailStoreErrorCode } from '#mailstore/api';
import type { ManageSieveCode } from '#protocol/managesieve';
import { ManageSieveRefusal } from './command.ts';

interface Refusal {
  readonly text: string;
  readonly code?: ManageSieveCode;
}

/** What the client is told of an error; `null` for a fault of ours. */
export function refusalOf(error: unknown): Refusal | null {
  if (error instanceof ManageSieveRefusal)
    return { text: error.message, ...(error.code === undefined ? {} : { code: error.code }) };
  return error instanceof MailStoreError ? storeRefusal(error) : null;
}

/** RFC 5804 §1.3. */
function storeRefusal({ code, message }: MailStoreError): Refusal {
  switch (code) {
    case 'scriptNotFound':
      return { text: 'There is no such script', code: 'NONEXISTENT' };
    case 'scriptExists':
      return { text: 'There is such a script already', code: 'ALREADYEXISTS' };
    case 'scriptActive':
      return { text: 'The active script cannot be deleted', code: 'ACTIVE' };
    case 'scriptNameInvalid':
      return { text: 'This is no name of a script' };
    case 'limitExceeded':
      return message === 'scripts'
        ? { text: 'There are as many scripts as there may be', code: 'QUOTA/MAXSCRIPTS' }
        : { text: 'The script is too large', code: 'QUOTA/MAXSIZE' };
    case 'diskFull':
    case 'unavailable':
    case 'bytesUnavailable':
    case 'stale':
    case 'accountNotFound':
      return { text: 'Try again later', code: 'TRYLATER' };
    default:
      return unexpected(code);
  }
}

/** Codes no command of this protocol can meet. */
type Foreign = Exclude<
  MailStoreErrorCode,
  | ('scriptNotFound' | 'scriptExists' | 'scriptActive' | 'scriptNameInvalid' | 'limitExceeded')
  | ('diskFull' | 'unavailable' | 'bytesUnavailable' | 'stale' | 'accountNotFound')
>;

const unexpected = (code: Foreign): Refusal => ({ text: `Internal error (${code})` });
