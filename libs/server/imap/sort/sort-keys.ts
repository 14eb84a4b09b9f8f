import { foldText, type ListedMessage } from '#mailstore/api';
import type { SortCriterion, SortField } from '#protocol/imap';
import { type Address, baseSubject, type Envelope, unpackEnvelope, unpackSubject } from '#protocol/message';
import { present, unreachable } from '#stdx';

/** One value a message is sorted by: texts are folded already, times are milliseconds since the epoch. */
export type SortKey = string | number;

/** Whether a criterion looks into the envelope; when a message was sent is known without. */
export const needsEnvelope = ({ field }: SortCriterion): boolean =>
  field !== 'ARRIVAL' && field !== 'SIZE' && field !== 'DATE';

/** RFC 5256 §3, §2.2; display names, RFC 5957 §3. */
export function sortKeyOf(message: ListedMessage, field: SortField): SortKey {
  switch (field) {
    case 'ARRIVAL':
      return message.internalDate;
    case 'SIZE':
      return message.size;
    case 'DATE':
      return sentDate(message);
    case 'SUBJECT':
      return foldText(baseSubject(unpackSubject(packedOf(message)) ?? ''));
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
export const sentDate = ({ sentAt, internalDate }: ListedMessage): number => sentAt ?? internalDate;

const packedOf = ({ envelope }: ListedMessage): string => present(envelope, 'envelope asked for');
const envelopeOf = (message: ListedMessage): Envelope => unpackEnvelope(packedOf(message));

const mailboxOf = (addresses: readonly Address[]): string => foldText(addresses[0]?.mailbox ?? '');

/** RFC 5957 §3: the name people see, else the address. */
function displayName([address]: readonly Address[]): string {
  if (!address) return '';
  const { name, mailbox, host } = address;
  return foldText(name || `${mailbox ?? ''}${host ? `@${host}` : ''}`);
}
