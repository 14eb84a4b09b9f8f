import { type Address, type Envelope, encodeHeaderText } from '#protocol/message';
import { formatNString, formatString, type StringFormat } from './strings.ts';

/** The ENVELOPE structure. RFC 9051 §7.5.2: Sender and Reply-To fall back to From. */
export function formatEnvelope(envelope: Envelope, text: StringFormat = formatString): string {
  const nstring = (value: string | null): string => formatNString(value, text);
  const addresses = (list: readonly Address[]): string => formatAddresses(list, text);
  const from = addresses(envelope.from);
  return `(${nstring(envelope.date)} ${formatHeaderText(envelope.rawSubject, envelope.subject, text)} ${from} ${
    envelope.sender.length > 0 ? addresses(envelope.sender) : from
  } ${envelope.replyTo.length > 0 ? addresses(envelope.replyTo) : from} ${addresses(envelope.to)} ${addresses(
    envelope.cc,
  )} ${addresses(envelope.bcc)} ${nstring(envelope.inReplyTo)} ${nstring(envelope.messageId)})`;
}

function formatAddresses(addresses: readonly Address[], text: StringFormat): string {
  if (addresses.length === 0) return 'NIL';
  let out = '(';
  for (const address of addresses)
    out += `(${formatName(address, text)} NIL ${formatNString(address.mailbox, text)} ${formatNString(address.host, text)})`;
  return `${out})`;
}

const formatName = ({ name, rawName = name ?? undefined }: Address, text: StringFormat): string =>
  formatHeaderText(rawName ?? null, name, text);

/** A header text as sent where that is ASCII or the client reads UTF-8, else its decoded form in encoded-words, which every client reads. */
export function formatHeaderText(
  sent: string | null,
  decoded: string | null,
  text: StringFormat = formatString,
): string {
  if (sent === null) return 'NIL';
  return text(text === formatString && /[^\x20-\x7e\t]/.test(sent) ? encodeHeaderText(decoded ?? sent) : sent);
}
