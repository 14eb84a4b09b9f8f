import { addressesIn, splitAddress } from '../addresses.ts';
import type { HeaderFields } from '../header-fields.ts';

/** RFC 3834 §2; RFC 5230 §4.6: lists and machines are not answered. */
export function isRobot(header: HeaderFields): boolean {
  const [submitted] = header.values('auto-submitted');
  // RFC 3834 §5: parameters may follow `no`.
  return submitted !== undefined && !/^no(?:[\s;]|$)/i.test(submitted.trim());
}

const LIST_FIELDS = [
  'list-id',
  'list-help',
  'list-post',
  'list-subscribe',
  'list-unsubscribe',
  'list-owner',
  'list-archive',
];
const BULK = /^(?:bulk|list|junk)\b/i;
// RFC 3834 §2, RFC 5230 §4.6, and what Pigeonhole's ext/vacation adds.
const ROBOTS =
  /^(?:mailer-daemon|listserv|majordomo|postmaster-?daemon|owner-.*|.*-owner|.*-request|.*-bounces?|no-?reply|do-?not-?reply)(?:\+.*)?$/i;
/** Where one of the owner's addresses must stand for the message to be personal (RFC 5230 §4.5). */
const RECIPIENT_FIELDS = ['to', 'cc', 'bcc', 'resent-to', 'resent-cc', 'resent-bcc'];

/** Who an out-of-office answer goes to, the reverse-path; `null` when this message gets none (RFC 5230 §4.5 … 4.6). */
export function answerable(header: HeaderFields, reversePath: string, own: readonly string[]): string | null {
  if (reversePath === '' || ROBOTS.test(splitAddress(reversePath).localPart)) return null;
  if (isRobot(header) || LIST_FIELDS.some((name) => header.has(name))) return null;
  if (header.values('precedence').some((value) => BULK.test(value))) return null;
  // Exchange's way of saying the same ([MS-OXCMAIL] §2.1.3.2.20).
  if (header.values('x-auto-response-suppress').some((value) => /\b(?:all|oof)\b/i.test(value))) return null;
  const mine = new Set(own.map((address) => address.toLowerCase()));
  if (mine.has(reversePath.toLowerCase())) return null;
  const isPersonal = RECIPIENT_FIELDS.some((name) =>
    header.rawValues(name).some((value) => addressesIn(value).some((address) => mine.has(address.toLowerCase()))),
  );
  return isPersonal ? reversePath : null;
}
