import { foldText, type StoredMessage } from '#mailstore/api';
import type { SortCriterion, SortField } from '#protocol/imap';
import { type Address, baseSubject, type Envelope } from '#protocol/message';
import { present, unreachable } from '#stdx';

/** One value a message is sorted by: texts are folded already, times are milliseconds since the epoch. */
export type SortKey = string | number;

/** Whether a criterion looks into the envelope. */
export const needsEnvelope = ({ field }: SortCriterion): boolean => field !== 'ARRIVAL' && field !== 'SIZE';

/** RFC 5256 §3, §2.2; display names, RFC 5957 §3. */
export function sortKeyOf(message: StoredMessage, field: SortField): SortKey {
  switch (field) {
    case 'ARRIVAL':
      return message.internalDate;
    case 'SIZE':
      return message.size;
    case 'DATE':
      return sentDate(message);
    case 'SUBJECT':
      return foldText(baseSubject(envelopeOf(message).subject ?? ''));
    case 'FROM':
      return mailboxOf(envelopeOf(message).from);
    case 'TO':
      return mailboxOf(envelopeOf(message).to);
    case 'CC':
      return mailboxOf(envelopeOf(message).cc);
    case 'DISPLAYFROM':
      return displayName(envelopeOf(message).from);
    case 'DISPLAYTO':
      return displayName(envelopeOf(message).to);
    default:
      return unreachable(field);
  }
}

/** RFC 5256 §2.2: without a readable Date, when the message came. */
export const sentDate = (message: StoredMessage): number => envelopeOf(message).sentAt ?? message.internalDate;

const envelopeOf = ({ envelope }: StoredMessage): Envelope => present(envelope, 'envelope asked for');

const mailboxOf = (addresses: readonly Address[]): string => foldText(addresses[0]?.mailbox ?? '');

/** RFC 5957 §3: the name people see, else the address. */
function displayName([address]: readonly Address[]): string {
  if (!address) return '';
  const { name, mailbox, host } = address;
  return foldText(name || `${mailbox ?? ''}${host ? `@${host}` : ''}`);
}
