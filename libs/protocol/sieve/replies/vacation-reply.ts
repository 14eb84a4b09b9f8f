import {
  encodeHeaderText,
  formatAddressList,
  formatDate,
  headerField,
  messageIds,
  parseAddressList,
} from '#protocol/message';
import type { VacationAction } from '../action.ts';
import { HeaderFields } from '../header-fields.ts';
import type { ReplyFacts } from './reply-facts.ts';
import { textEntity } from './text-entity.ts';

/** Ids kept of References: RFC 5537 §3.4.4 trims at about 20. */
const REFERENCES_MAX = 20;

/** The out-of-office answer, to be sent with the null reverse-path (RFC 5230 §5). CRLF line ends. */
export function vacationReply(action: VacationAction, { at, messageId, owner, header }: ReplyFacts): Buffer {
  const original = new HeaderFields(header);
  const subject = original.values('subject')[0] ?? '';
  const [inReplyTo] = messageIds(original.values('message-id')[0] ?? '');
  const references = messageIds(original.values('references').join(' ')).slice(1 - REFERENCES_MAX);
  const fields: (readonly [string, string])[] = [
    ['From', action.from === null ? `<${owner}>` : formatAddressList(parseAddressList(action.from))],
    ['To', `<${action.to}>`],
    // RFC 5230 §5.6: "Auto: " and the subject answered.
    ['Subject', encodeHeaderText(action.subject ?? (subject === '' ? 'Automated reply' : `Auto: ${subject}`))],
    ['Date', formatDate(at)],
    ['Message-ID', `<${messageId}>`],
    ...(inReplyTo ? ([['In-Reply-To', `<${inReplyTo}>`]] as const) : []),
    ...(inReplyTo ? ([['References', [...references, inReplyTo].map((id) => `<${id}>`).join(' ')]] as const) : []),
    // RFC 5230 §5.8; RFC 3834 §3.1.7.
    ['Auto-Submitted', 'auto-replied (vacation)'],
    ['X-Auto-Response-Suppress', 'All'],
  ];
  const head = fields.map(([name, value]) => headerField(name, value)).join('');
  return Buffer.from(head + (action.isMime ? mimeEntity(action.reason) : textEntity(action.reason)));
}

const OWN =
  /^(?:from|to|cc|bcc|sender|reply-to|subject|date|message-id|in-reply-to|references|auto-submitted|received|return-path|resent-.*)$/i;

/** The script's own MIME entity: its Content fields, and no field that is ours. */
function mimeEntity(reason: string): string {
  const text = reason
    .toWellFormed()
    .replace(/\0/g, '')
    .replace(/\r\n|\r|\n/g, '\r\n');
  const end = text.startsWith('\r\n') ? 0 : text.indexOf('\r\n\r\n');
  if (end < 0) return textEntity(reason);
  const fields = text
    .slice(0, end)
    .split(/\r\n(?![ \t])/)
    .filter((field) => /^[\x21-\x39\x3b-\x7e]+:/.test(field));
  const kept = fields.filter((field) => !OWN.test(field.slice(0, field.indexOf(':'))));
  if (!kept.some((field) => /^mime-version:/i.test(field))) kept.unshift('MIME-Version: 1.0');
  return `${kept.join('\r\n')}\r\n\r\n${text.slice(end === 0 ? 2 : end + 4)}`;
}
