import { domainToASCII } from 'node:url';

/** RFC 5321 §4.5.3.1: local part 64 octets, domain 255, and a path of 256 octets holds an address of 254. */
export const LOCAL_PART_OCTETS_MAX = 64;
export const ADDRESS_OCTETS_MAX = 254;
const DOMAIN_OCTETS_MAX = 253;

/** Letters, digits and hyphens, two labels at least, the last not a number: what the DNS delegates (RFC 1123 §2.1). */
const DOMAIN = /^(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?$/;
/** Dot-string of RFC 5321 §4.1.2, with the UTF8-non-ascii of RFC 6531 §3.3. */
const DOT_STRING = /^[\w!#$%&'*+/=?^`{|}~\u{a0}-\u{10ffff}-]+(?:\.[\w!#$%&'*+/=?^`{|}~\u{a0}-\u{10ffff}-]+)*$/u;

/** The form domains are kept and compared in: A-labels, lower case, no final dot. `undefined` when it is no domain name. */
export function normaliseDomain(name: string): string | undefined {
  // domainToASCII reads its argument as a URL's host, and would drop a path or a tab without a word.
  if (/[^A-Za-z0-9.\u{80}-\u{10ffff}-]/u.test(name)) return undefined;
  const ascii = domainToASCII(name.replace(/\.$/, '')).toLowerCase();
  return ascii.length <= DOMAIN_OCTETS_MAX && DOMAIN.test(ascii) ? ascii : undefined;
}

/** An address in two forms. */
export interface ParsedAddress {
  /** To be sent to: the local part as it was written, since elsewhere its case may matter (RFC 5321 §2.4). */
  readonly address: string;
  /** To be looked up: NFC and lower case. */
  readonly key: string;
  readonly domain: string;
  /** Of `key`. */
  readonly local: string;
}

/**
 * Reads `local@domain`, without angle brackets. Local parts are compared in lower case: RFC 5321 §2.4 leaves that to
 * the host, and nobody means two people by `Bob` and `bob`. A quoted local part is the same as its content (§4.1.2).
 * `undefined` when it is no address with a domain name; address literals are none of ours.
 */
export function parseAddress(text: string): ParsedAddress | undefined {
  const at = text.lastIndexOf('@');
  if (at <= 0) return undefined;
  const domain = normaliseDomain(text.slice(at + 1));
  const written = text.slice(0, at).normalize('NFC');
  const local = unquote(written);
  if (domain === undefined || local === undefined || local === '') return undefined;
  if (Buffer.byteLength(local) > LOCAL_PART_OCTETS_MAX) return undefined;
  const address = `${written}@${domain}`;
  if (Buffer.byteLength(address) > ADDRESS_OCTETS_MAX) return undefined;
  const lower = local.toLowerCase().normalize('NFC');
  return { address, key: `${lower}@${domain}`, domain, local: lower };
}

/** The form an address is looked up in, for those who cache by it; `undefined` when it is none. */
export function normaliseAddress(text: string): string | undefined {
  return parseAddress(text)?.key;
}

/** The content of a local part, quoted or not; `undefined` when it is neither a dot-string nor a quoted string. */
function unquote(local: string): string | undefined {
  if (!local.startsWith('"')) return DOT_STRING.test(local) ? local : undefined;
  const quoted = /^"((?:[^"\\\u0000-\u001f\u007f]|\\[ -~])*)"$/.exec(local);
  return quoted?.[1]?.replace(/\\(.)/g, '$1');
}

/** Whether a local part needs no quotes: accounts and aliases are given only such. */
export function isDotString(local: string): boolean {
  return DOT_STRING.test(local);
}

/** `bob+news@x` with separator `+` is `bob@x` with a detail (RFC 5233 §1). `undefined` when it has none. */
export function withoutDetail(key: string, separator: string): string | undefined {
  if (separator === '') return undefined;
  const at = key.lastIndexOf('@');
  const split = key.indexOf(separator);
  return split > 0 && split < at ? `${key.slice(0, split)}${key.slice(at)}` : undefined;
}
