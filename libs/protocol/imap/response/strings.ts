const UNQUOTABLE = /[^\x20-\x7e]/;
const SPECIAL = /["\\]/;
/** Clients keep quoted strings in line buffers; long ones travel as literals. */
export const QUOTED_LENGTH_MAX = 1_000;

/** A `string`: quoted where seven bits allow, else a literal of its UTF-8. NUL, which neither may hold, becomes U+FFFD. */
export function formatString(text: string): string {
  if (UNQUOTABLE.test(text) || text.length > QUOTED_LENGTH_MAX) return formatLiteral(text);
  return SPECIAL.test(text) ? `"${text.replace(/["\\]/g, '\\$&')}"` : `"${text}"`;
}

/** How texts are written to one client: strings of seven bits and literals, or UTF-8 in quoted strings once enabled. */
export type StringFormat = (text: string) => string;

export const formatNString = (text: string | null, format: StringFormat): string =>
  text === null ? 'NIL' : format(text);

/** Only for text that is encoded as UTF-8 on its way out, as all response text is. */
export function formatLiteral(text: string): string {
  const clean = text.replaceAll('\0', '�');
  return `{${Buffer.byteLength(clean)}}\r\n${clean}`;
}

/** An `astring`: bare where it is an atom. Never the bare word NIL. */
export function formatAString(text: string): string {
  return /^[^\x00-\x20\x7f-\uffff(){%*"\\]+$/.test(text) && text.toUpperCase() !== 'NIL' ? text : formatString(text);
}

/** A quoted string that may hold UTF-8, for clients that enabled it (RFC 6855 §3); control characters force a literal. */
export function formatUtf8String(text: string): string {
  if (/[\x00-\x1f\x7f]/.test(text) || text.length > QUOTED_LENGTH_MAX) return formatLiteral(text);
  return `"${text.replace(/["\\]/g, '\\$&')}"`;
}

/** Human-readable text of a status response: one line of printable ASCII. */
export function formatStatusText(text: string): string {
  return text.replace(/[^\x20-\x7e]+/g, '?').slice(0, 500) || '-';
}
