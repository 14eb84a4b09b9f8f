import type { DeliveryOutcome, MailStoreErrorCode } from '#mailstore/api';
import { type SmtpReply, smtpReply, staleReply } from '#protocol/smtp';

const DELIVERED = smtpReply(250, '2.1.5', 'Delivered');
const FULL_FOR_NOW = smtpReply(452, '4.2.2', 'Mailbox full');
const NEVER_FITS = smtpReply(552, '5.2.2', 'Message is larger than the mailbox');
const TOO_MANY = smtpReply(452, '4.2.0', 'Mailbox has reached a limit');

/** One recipient's answer. A full mailbox may be emptied, so it is a temporary refusal; a message larger than the quota never fits. */
export function outcomeReply(outcome: DeliveryOutcome | 'taken', messageBytes: number, quotaBytes: number): SmtpReply {
  if (outcome === 'taken' || outcome.ok) return DELIVERED;
  switch (outcome.error) {
    case 'overQuota':
      return quotaBytes > 0 && messageBytes > quotaBytes ? NEVER_FITS : FULL_FOR_NOW;
    case 'limitExceeded':
      return TOO_MANY;
  }
}

/** Every recipient's answer when the store refused the message as a whole. */
export function storeErrorReply(code: MailStoreErrorCode, volumeId: string): SmtpReply {
  switch (code) {
    case 'diskFull':
      return smtpReply(452, '4.3.1', 'Insufficient storage');
    case 'messageTooLarge':
      return smtpReply(552, '5.3.4', 'Message too large');
    case 'overQuota':
      return FULL_FOR_NOW;
    case 'limitExceeded':
      return smtpReply(452, '4.3.1', 'Queue is full');
    case 'stale':
      return staleReply(volumeId);
    case 'unavailable':
    case 'bytesUnavailable':
      return smtpReply(451, '4.3.0', 'Mail store is not available');
    case 'accountNotFound':
    case 'mailboxNotFound':
    case 'mailboxExists':
    case 'mailboxProtected':
    case 'mailboxNameInvalid':
    case 'messageNotFound':
    case 'keywordInvalid':
    case 'modified':
    case 'scriptNotFound':
    case 'scriptExists':
    case 'scriptActive':
    case 'scriptNameInvalid':
    case 'notPermitted':
    case 'granteeNotFound':
    case 'annotationInvalid':
    case 'annotationTooLarge':
    case 'corrupt':
      return smtpReply(451, '4.3.0', 'Local error in processing');
  }
}
