/**
 * Parameters as they may be sent where only ASCII is: values that are not become RFC 2231's `name*=utf-8''…` (§4). For
 * IMAP's BODYSTRUCTURE without UTF8=ACCEPT, and for headers; quoting is the caller's.
 */
export function encodeParameters(parameters: Readonly<Record<string, string>>): [name: string, value: string][] {
  return Object.entries(parameters).map(([name, value]) =>
    /^[\x20-\x7e\t]*$/.test(value) ? [name, value] : [`${name}*`, `utf-8''${encodePercent(value)}`],
  );
}

/** RFC 2231 §7, attribute-char. */
function encodePercent(text: string): string {
  return Array.from(Buffer.from(text.toWellFormed()), (byte) => {
    const character = String.fromCharCode(byte);
    return /[A-Za-z0-9!#$&+.^_`{|}~-]/.test(character)
      ? character
      : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  }).join('');
}
