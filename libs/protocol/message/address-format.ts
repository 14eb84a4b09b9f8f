import { encodedWords, encodeHeaderText } from './header-write.ts';
import type { Address } from './model.ts';

const DOT_ATOM =
  /^[A-Za-z0-9!#$%&'*+/=?^_`{|}~\x80-\u{10ffff}-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~\x80-\u{10ffff}-]+)*$/u;
const DOMAIN_LITERAL = /^\[[^\0-\x20[\]\\\x7f]*\]$/;
const NOT_IN_DOMAIN = /[\0-\x20()<>@,;:\\"[\]\x7f]+/g;
/** A phrase of atoms (RFC 5322 §3.2.5). */
const ATOMS = /^[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?: [A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*$/;

/** `local@host` with the local part quoted where RFC 5322 §3.4.1 asks; only the local part when there is no host. */
export function formatAddrSpec(mailbox: string, host: string): string {
  const local = mailbox === '' || DOT_ATOM.test(mailbox) ? mailbox : quoted(mailbox);
  if (host === '') return local;
  // What cannot be quoted in a domain is left out, so that no second address can be smuggled in.
  return `${local}@${DOMAIN_LITERAL.test(host) ? host : host.replace(NOT_IN_DOMAIN, '')}`;
}

/** One address as a header has it: `user@host`, or a name before `<user@host>`; names beyond ASCII as encoded words. */
export function formatAddress(address: Address): string {
  const { name, mailbox, host } = address;
  const spec = formatAddrSpec(mailbox ?? '', host ?? '');
  return name === null || name === '' ? spec : `${formatPhrase(name)} <${spec}>`;
}

/** A list with its groups (RFC 5322 §3.4): `a@b, Friends: c@d, e@f;`. */
export function formatAddressList(addresses: readonly Address[]): string {
  let text = '';
  let needsComma = false;
  for (const address of addresses) {
    if (address.mailbox === null) {
      text += ';';
      needsComma = true;
    } else {
      const item = address.host === null ? `${formatPhrase(address.mailbox)}:` : formatAddress(address);
      text += (needsComma ? ', ' : text === '' ? '' : ' ') + item;
      needsComma = address.host !== null;
    }
  }
  return text;
}

function formatPhrase(name: string): string {
  const text = name.replace(/[\0-\x1f\x7f]+/g, ' ');
  const encoded = encodeHeaderText(text);
  if (encoded === text) return ATOMS.test(text) ? text : quoted(text);
  // RFC 2047 §5 (3): what stands beside encoded words in a phrase must be atoms; else the whole is encoded.
  return ATOMS.test(encoded.replace(/=\?utf-8\?[qb]\?[^?]*\?=/g, 'x')) ? encoded : encodedWords(text).join(' ');
}

function quoted(text: string): string {
  return `"${text.replace(/[\0-\x1f\x7f]+/g, ' ').replace(/["\\]/g, '\\$&')}"`;
}
