/** RFC 5804 §1.2: longer strings, and those with line ends, are literals. */
const QUOTED_BYTES_MAX = 1_024;

/** A string as the server says it: quoted where it can be, else a literal. */
export function formatString(text: string): string {
  const clean = text.toWellFormed().replace(/\0/g, '');
  if (Buffer.byteLength(clean) <= QUOTED_BYTES_MAX && !/[\r\n]/.test(clean))
    return `"${clean.replace(/["\\]/g, '\\$&')}"`;
  return `{${Buffer.byteLength(clean)}}\r\n${clean}`;
}

/** Response codes (RFC 5804 §1.3) this server uses. */
export type ManageSieveCode =
  | 'ACTIVE'
  | 'ALREADYEXISTS'
  | 'AUTH-TOO-WEAK'
  | 'ENCRYPT-NEEDED'
  | 'NONEXISTENT'
  | 'QUOTA'
  | 'QUOTA/MAXSCRIPTS'
  | 'QUOTA/MAXSIZE'
  | 'TRYLATER'
  | 'WARNINGS'
  | { readonly tag: string };

/** The line that ends an answer, CRLF included. */
export function formatResponse(status: 'OK' | 'NO' | 'BYE', text: string, code?: ManageSieveCode): string {
  const shown = code === undefined ? '' : typeof code === 'string' ? ` (${code})` : ` (TAG ${formatString(code.tag)})`;
  return `${status}${shown} ${formatString(text)}\r\n`;
}

/** What a capability response says (RFC 5804 §1.7). */
export interface CapabilityFacts {
  readonly sieve: string;
  /** SASL mechanisms; none once signed in. */
  readonly sasl: readonly string[];
  readonly startTls: boolean;
  readonly redirectsMax: number;
  /** Signing out without closing (RFC 5804 §2.14.1). */
  readonly unauthenticate: boolean;
  /** Who is signed in. */
  readonly owner?: string;
}

/** The lines of a capability response, without the OK that ends it. */
export function formatCapabilities(facts: CapabilityFacts): string {
  const { sieve, sasl, startTls, redirectsMax, unauthenticate, owner } = facts;
  const lines: (readonly string[])[] = [
    ['IMPLEMENTATION', 'Rookery'],
    ['SIEVE', sieve],
    ['SASL', sasl.join(' ')],
    ['NOTIFY', 'mailto'],
    ['MAXREDIRECTS', String(redirectsMax)],
    ...(startTls ? [['STARTTLS']] : []),
    ...(unauthenticate ? [['UNAUTHENTICATE']] : []),
    ...(owner === undefined ? [] : [['OWNER', owner]]),
    ['VERSION', '1.0'],
  ];
  return lines.map((line) => `${line.map(formatString).join(' ')}\r\n`).join('');
}
