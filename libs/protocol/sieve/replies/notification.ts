import { encodeHeaderText, formatDate, headerField } from '#protocol/message';
import type { NotifyAction } from '../action.ts';
import { HeaderFields } from '../header-fields.ts';
import type { ReplyFacts } from './reply-facts.ts';
import { textEntity } from './text-entity.ts';

/** X-Priority of importance 1, 2, 3 (RFC 5436 §2.6). */
const PRIORITIES = { 1: '1 (High)', 2: '3 (Normal)', 3: '5 (Low)' } as const;

/** A notification by mail (RFC 5436 §2), to be sent with the null reverse-path. CRLF line ends. */
export function notification(action: NotifyAction, { at, messageId, owner, header }: ReplyFacts): Buffer {
  const original = new HeaderFields(header);
  const [from = owner] = original.values('from');
  const [subject = ''] = original.values('subject');
  const fields: (readonly [string, string])[] = [
    ['From', `<${action.from ?? owner}>`],
    ['To', action.recipients.map((address) => `<${address}>`).join(', ')],
    ['Subject', encodeHeaderText(action.subject ?? `New message: ${subject}`)],
    ['Date', formatDate(at)],
    ['Message-ID', `<${messageId}>`],
    // RFC 5436 §2.7.1: who caused it, so that no two scripts tell each other for ever.
    ['Auto-Submitted', `auto-notified; owner-email="${owner.replace(/["\\]/g, '\\$&')}"`],
    ['X-Priority', PRIORITIES[action.importance]],
    ['X-Auto-Response-Suppress', 'All'],
    ...action.fields.map(([name, value]) => [name, encodeHeaderText(value)] as const),
  ];
  const head = fields.map(([name, value]) => headerField(name, value)).join('');
  return Buffer.from(head + textEntity(action.body ?? `From: ${from}\nSubject: ${subject}\n`));
}
