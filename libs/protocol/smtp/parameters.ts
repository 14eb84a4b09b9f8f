import type { Cursor } from './address.ts';
import { refuse } from './reply.ts';

/** More than any client sends; each known parameter may come once. */
const PARAMETERS_MAX = 20;

const KEYWORD = /^[A-Za-z0-9][A-Za-z0-9-]*$/;
// RFC 5321 §4.1.2 esmtp-value, with RFC 6531 §3.3's UTF-8. `=` is let through: RFC 3885's and others' values hold it.
const VALUE = /^[\x21-\x7e\u0080-\u{10ffff}]+$/u;

const NONE: ReadonlyMap<string, string | null> = new Map();

/** Reads ` KEYWORD[=value]…` to the end of the line. Keys are upper case. Throws `SmtpRefusal` 501 5.5.4. */
export function parseParameters(cursor: Cursor): ReadonlyMap<string, string | null> {
  if (cursor.at === cursor.text.length) return NONE;
  if (cursor.text[cursor.at] !== ' ') refuse(501, '5.5.4', 'Bad syntax after path');
  const parameters = new Map<string, string | null>();
  for (const word of cursor.text.slice(cursor.at).split(' ')) {
    if (word === '') continue;
    const equals = word.indexOf('=');
    const keyword = (equals < 0 ? word : word.slice(0, equals)).toUpperCase();
    const value = equals < 0 ? null : word.slice(equals + 1);
    if (!KEYWORD.test(keyword) || (value !== null && !VALUE.test(value))) refuse(501, '5.5.4', 'Bad parameter syntax');
    if (parameters.has(keyword)) refuse(501, '5.5.4', `Parameter ${keyword} given twice`);
    if (parameters.size === PARAMETERS_MAX) refuse(501, '5.5.4', 'Too many parameters');
    parameters.set(keyword, value);
  }
  cursor.at = cursor.text.length;
  return parameters;
}

/** ` KEY=value` for each, a leading space included; '' for none. */
export function serializeParameters(parameters: ReadonlyMap<string, string | null>): string {
  let out = '';
  for (const [keyword, value] of parameters) out += value === null ? ` ${keyword}` : ` ${keyword}=${value}`;
  return out;
}
