import { type Address, type Envelope, encodeHeaderText } from '#protocol/message';
import { formatNString, formatString } from './strings.ts';

/** The ENVELOPE structure. RFC 9051 §7.5.2: Sender and Reply-To fall back to From. */
export function formatEnvelope(envelope: Envelope): string {
  const from = formatAddresses(envelope.from);
  return `(${formatNString(envelope.date)} ${formatHeaderText(envelope.rawSubject, envelope.subject)} ${from} ${
    envelope.sender.length > 0 ? formatAddresses(envelope.sender) : from
  } ${envelope.replyTo.length > 0 ? formatAddresses(envelope.replyTo) : from} ${formatAddresses(envelope.to)} ${formatAddresses(
    envelope.cc,
  )} ${formatAddresses(envelope.bcc)} ${formatNString(envelope.inReplyTo)} ${formatNString(envelope.messageId)})`;
}

function formatAddresses(addresses: readonly Address[]): string {
  if (addresses.length === 0) return 'NIL';
  let out = '(';
  for (const address of addresses)
    out += `(${formatName(address)} NIL ${formatNString(address.mailbox)} ${formatNString(address.host)})`;
  return `${out})`;
}

const formatName = ({ name, rawName = name ?? undefined }: Address): string => formatHeaderText(rawName ?? null, name);

/** A header text as sent where that is ASCII, else its decoded form in encoded-words, which every client reads. */
export function formatHeaderText(sent: string | null, decoded: string | null): string {
  if (sent === null) return 'NIL';
  return formatString(/[^\x20-\x7e\t]/.test(sent) ? encodeHeaderText(decoded ?? sent) : sent);
}
