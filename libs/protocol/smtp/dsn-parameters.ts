/** Values of RFC 3461's parameters. */

/** Undoes xtext (RFC 3461 §4: `+` and two upper-case hex digits); `null` when malformed. */
export function parseXtext(text: string): string | null {
  if (!/^(?:[\x21-\x2a\x2c-\x3c\x3e-\x7e]|\+[0-9A-F]{2})*$/.test(text)) return null;
  return text.replace(/\+([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}

/** Writes xtext; characters above 0xff have no xtext form and become `?`. */
export const toXtext = (text: string): string =>
  text.replace(/[^\x21-\x2a\x2c-\x3c\x3e-\x7e]/g, (character) => {
    const code = character.charCodeAt(0);
    return code > 0xff ? '?' : `+${code.toString(16).toUpperCase().padStart(2, '0')}`;
  });

/** When the sender wants to hear (RFC 3461 §4.1). `never` excludes the rest. */
export interface Notify {
  readonly success: boolean;
  readonly failure: boolean;
  readonly delay: boolean;
}

/** What an absent NOTIFY means: RFC 3461 §4.1 leaves delay to the MTA; we warn. */
export const NOTIFY_DEFAULT: Notify = { success: false, failure: true, delay: true };

/** `null` when malformed. */
export function parseNotify(value: string): Notify | null {
  const words = value.toUpperCase().split(',');
  if (words.length === 1 && words[0] === 'NEVER') return { success: false, failure: false, delay: false };
  if (!words.every((word) => word === 'SUCCESS' || word === 'FAILURE' || word === 'DELAY')) return null;
  return { success: words.includes('SUCCESS'), failure: words.includes('FAILURE'), delay: words.includes('DELAY') };
}

/** RFC 3461 §4.2 `addr-type ";" xtext`; RFC 6533 §3 adds `utf-8;` with its own escapes, which are kept as they are. */
export function parseOriginalRecipient(value: string): { readonly type: string; readonly address: string } | null {
  const semicolon = value.indexOf(';');
  if (semicolon <= 0) return null;
  const type = value.slice(0, semicolon).toLowerCase();
  if (!/^[a-z0-9-]+$/.test(type)) return null;
  if (type === 'utf-8') return { type, address: value.slice(semicolon + 1) };
  const address = parseXtext(value.slice(semicolon + 1));
  return address === null || address === '' ? null : { type, address };
}
