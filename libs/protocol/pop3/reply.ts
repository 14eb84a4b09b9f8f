/**
 * Extended response codes. RFC 2449 §8.1: `IN-USE`, `LOGIN-DELAY`; RFC 3206: `SYS/TEMP` (try again), `SYS/PERM` (somebody must
 * see to it), `AUTH` (it is about the credentials).
 */
export type Pop3ResponseCode = 'IN-USE' | 'LOGIN-DELAY' | 'SYS/TEMP' | 'SYS/PERM' | 'AUTH';

/** `+OK text`. */
export const okLine = (text: string): string => `+OK ${text}\r\n`;

/** `-ERR [CODE] text`. */
export const errorLine = (code: Pop3ResponseCode | null, text: string): string =>
  `-ERR ${code === null ? '' : `[${code}] `}${text}\r\n`;

/** A multi-line response of lines that need no stuffing. RFC 1939 §3. */
export const listing = (text: string, lines: readonly string[]): string =>
  `${okLine(text)}${lines.map((line) => `${line}\r\n`).join('')}.\r\n`;

/** Languages of response texts. RFC 6856 §3.2: each with its name in itself. */
export const LANGUAGES: ReadonlyMap<string, string> = new Map([['en', 'English']]);

/** LANG: the list of languages, or the choice of one. RFC 6856 §3. */
export function languageReply(tag: string | null): string {
  const lines = [...LANGUAGES].map(([known, name]) => `${known} ${name}`);
  if (tag === null) return listing('Languages', lines);
  const asked = tag.toLowerCase();
  // `*` asks for the server's own choice; a tag also stands for its broader ones (RFC 4647 §3.4).
  const chosen = asked === '*' || asked === 'i-default' ? 'en' : asked.split('-')[0]!;
  return LANGUAGES.has(chosen)
    ? okLine(`${chosen} Texts are in this language`)
    : errorLine(null, 'No such language here');
}
