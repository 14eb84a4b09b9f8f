import type { Address, Envelope } from '#protocol/message';
import { encodeWords } from './encoded-word.ts';
import { formatNString } from './strings.ts';

/** The ENVELOPE structure. RFC 9051 §7.5.2: Sender and Reply-To fall back to From. */
export function formatEnvelope(envelope: Envelope): string {
  const from = formatAddresses(envelope.from);
  return `(${formatNString(envelope.date)} ${formatNString(envelope.rawSubject)} ${from} ${
    envelope.sender.length > 0 ? formatAddresses(envelope.sender) : from
  } ${envelope.replyTo.length > 0 ? formatAddresses(envelope.replyTo) : from} ${formatAddresses(envelope.to)} ${formatAddresses(
    envelope.cc,
  )} ${formatAddresses(envelope.bcc)} ${formatNString(envelope.inReplyTo)} ${formatNString(envelope.messageId)})`;
}

function formatAddresses(addresses: readonly Address[]): string {
  if (addresses.length === 0) return 'NIL';
  let out = '(';
  for (const { name, mailbox, host } of addresses)
    out += `(${name === null ? 'NIL' : formatNString(encodeWords(name))} NIL ${formatNString(mailbox)} ${formatNString(host)})`;
  return `${out})`;
}
