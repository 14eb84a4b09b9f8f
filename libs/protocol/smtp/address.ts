/** Mailboxes of RFC 5321 §4.1.2 with RFC 6531 §3.3's wider characters. Lengths count octets of UTF-8. */

/** RFC 5321 §4.5.3.1.1, §4.5.3.1.2 and §4.5.3.1.3 (the path's two brackets included). */
export const LOCAL_PART_BYTES_MAX = 64;
export const DOMAIN_BYTES_MAX = 255;
export const PATH_BYTES_MAX = 256;

/** A position in a line being read. */
export interface Cursor {
  readonly text: string;
  at: number;
}

const ATEXT = /[A-Za-z0-9!#$%&'*+\-/=?^_`{|}~\u0080-\u{10ffff}]/u;
const ATEXT_CODES = Uint8Array.from({ length: 128 }, (_, code) => (ATEXT.test(String.fromCharCode(code)) ? 1 : 0));
const isAtext = (code: number): boolean => code >= 128 || ATEXT_CODES[code] === 1;

/** Reads `Local-part`; the text consumed, or `null` (cursor then anywhere). */
export function readLocalPart(cursor: Cursor): string | null {
  const start = cursor.at;
  if (cursor.text[cursor.at] === '"') return readQuoted(cursor) ? cursor.text.slice(start, cursor.at) : null;
  for (;;) {
    const atom = cursor.at;
    while (cursor.at < cursor.text.length && isAtext(cursor.text.charCodeAt(cursor.at))) cursor.at++;
    if (cursor.at === atom) return null;
    if (cursor.text[cursor.at] !== '.') return cursor.text.slice(start, cursor.at);
    cursor.at++;
  }
}

function readQuoted(cursor: Cursor): boolean {
  cursor.at++;
  while (cursor.at < cursor.text.length) {
    const code = cursor.text.charCodeAt(cursor.at++);
    if (code === 0x22) return true;
    if (code === 0x5c) {
      const quoted = cursor.text.charCodeAt(cursor.at++);
      if (!(quoted >= 0x20 && quoted <= 0x7e)) return false;
    } else if (code < 0x20 || code === 0x7f) return false;
  }
  return false;
}

/** Reads `Domain` or `address-literal`; the text consumed, or `null`. */
export function readDomain(cursor: Cursor): string | null {
  const start = cursor.at;
  if (cursor.text[start] === '[') {
    const end = cursor.text.indexOf(']', start);
    if (end < 0 || !isAddressLiteral(cursor.text.slice(start + 1, end))) return null;
    cursor.at = end + 1;
    return cursor.text.slice(start, cursor.at);
  }
  while (cursor.at < cursor.text.length && isDomainCharacter(cursor.text.charCodeAt(cursor.at))) cursor.at++;
  const domain = cursor.text.slice(start, cursor.at);
  return isDomain(domain) ? domain : null;
}

const isDomainCharacter = (code: number): boolean =>
  (code >= 0x61 && code <= 0x7a) ||
  (code >= 0x41 && code <= 0x5a) ||
  (code >= 0x30 && code <= 0x39) ||
  code === 0x2d ||
  code === 0x2e ||
  code >= 128;

// RFC 5321 §4.1.2 sub-domain: letters, digits and inner hyphens; RFC 1035 §2.3.4: 63 octets. RFC 6531 §3.3 adds U-labels.
const LABEL = /^[A-Za-z0-9\u0080-\u{10ffff}](?:[A-Za-z0-9\-\u0080-\u{10ffff}]{0,61}[A-Za-z0-9\u0080-\u{10ffff}])?$/u;

/** A DNS name as mail writes it: no trailing dot, no underscore. */
export function isDomain(domain: string): boolean {
  if (domain.length === 0 || Buffer.byteLength(domain) > DOMAIN_BYTES_MAX) return false;
  let from = 0;
  for (;;) {
    const dot = domain.indexOf('.', from);
    if (!LABEL.test(dot < 0 ? domain.slice(from) : domain.slice(from, dot))) return false;
    if (dot < 0) return true;
    from = dot + 1;
  }
}

/** What stands between the brackets: RFC 5321 §4.1.3. */
function isAddressLiteral(text: string): boolean {
  if (/^ipv6:/i.test(text)) return isIpv6(text.slice(5));
  return isIpv4(text) || /^[A-Za-z0-9-]*[A-Za-z0-9]:[\x21-\x5a\x5e-\x7e]+$/.test(text);
}

const isIpv4 = (text: string): boolean =>
  /^\d{1,3}(\.\d{1,3}){3}$/.test(text) && text.split('.').every((part) => Number(part) <= 255);

function isIpv6(text: string): boolean {
  const dotted = text.lastIndexOf(':');
  const last = text.slice(dotted + 1);
  if (last.includes('.')) return isIpv4(last) && isIpv6(`${text.slice(0, dotted + 1)}0:0`);
  const halves = text.split('::');
  if (halves.length > 2) return false;
  const groups = halves.flatMap((half) => (half === '' ? [] : half.split(':')));
  if (!groups.every((group) => /^[0-9a-f]{1,4}$/i.test(group))) return false;
  return halves.length === 2 ? groups.length <= 7 : groups.length === 8;
}

/** An address in its halves; `domain` is '' for `postmaster`. The split is at the last `@`, which a domain cannot hold. */
export function splitAddress(address: string): { readonly localPart: string; readonly domain: string } {
  const at = address.lastIndexOf('@');
  return at < 0
    ? { localPart: address, domain: '' }
    : { localPart: address.slice(0, at), domain: address.slice(at + 1) };
}

export const isAscii = (text: string): boolean => !/[^\x00-\x7f]/.test(text);

/** Whether `address` is a whole Mailbox of RFC 5321 §4.1.2 (RFC 6531 characters allowed) within the length limits. */
export function isMailbox(address: string): boolean {
  const cursor = { text: address, at: 0 };
  return readMailbox(cursor) === 'ok' && cursor.at === address.length;
}

/** Why a mailbox was refused. */
export type MailboxFault = 'localPart' | 'domain' | 'tooLong';

/** Reads `Local-part "@" ( Domain / address-literal )`. */
export function readMailbox(cursor: Cursor): 'ok' | MailboxFault {
  const localPart = readLocalPart(cursor);
  if (localPart === null || cursor.text[cursor.at] !== '@') return 'localPart';
  cursor.at++;
  const domain = readDomain(cursor);
  if (domain === null) return 'domain';
  const localBytes = Buffer.byteLength(localPart);
  if (localBytes > LOCAL_PART_BYTES_MAX) return 'tooLong';
  return localBytes + 1 + Buffer.byteLength(domain) + 2 > PATH_BYTES_MAX ? 'tooLong' : 'ok';
}
