/**
 * Mailbox names on an IMAP4rev1 wire: modified UTF-7, RFC 3501 §5.1.3. UTF-16 in base64 with `,` for `/`, no padding,
 * between `&` and `-`; `&-` is `&`; printable US-ASCII stands for itself.
 */

/** Unicode to modified UTF-7. */
export function encodeModifiedUtf7(name: string): string {
  if (/^[\x20-\x25\x27-\x7e]*$/.test(name)) return name;
  return name.replace(/&|[^\x20-\x7e]+/g, (run) => (run === '&' ? '&-' : `&${encodeRun(run)}-`));
}

/** Modified UTF-7 to Unicode; `null` when it is not well formed: bad base64, unneeded encoding, runs side by side, half a surrogate pair, 8-bit. */
export function decodeModifiedUtf7(encoded: string): string | null {
  if (/^[\x20-\x25\x27-\x7e]*$/.test(encoded)) return encoded;
  if (/[^\x20-\x7e]/.test(encoded)) return null;
  let out = '';
  let at = 0;
  /** Where the last base64 run ended. */
  let runEnd = -1;
  while (at < encoded.length) {
    const shift = encoded.indexOf('&', at);
    if (shift < 0) return out + encoded.slice(at);
    const end = encoded.indexOf('-', shift);
    if (end < 0) return null;
    const isAmpersand = end === shift + 1;
    // Two runs side by side are one: the shift between them is a null shift, which is not permitted.
    if (!isAmpersand && shift === runEnd) return null;
    const run = isAmpersand ? '&' : decodeRun(encoded.slice(shift + 1, end));
    if (run === null) return null;
    out += encoded.slice(at, shift) + run;
    at = end + 1;
    runEnd = isAmpersand ? -1 : at;
  }
  return out;
}

function encodeRun(run: string): string {
  const units = Buffer.alloc(run.length * 2);
  for (let i = 0; i < run.length; i++) units.writeUInt16BE(run.charCodeAt(i), i * 2);
  return units.toString('base64').replace(/=+$/, '').replaceAll('/', ',');
}

function decodeRun(base64: string): string | null {
  if (!/^[A-Za-z0-9+,]+$/.test(base64)) return null;
  const units = Buffer.from(base64.replaceAll(',', '/'), 'base64');
  if (units.length === 0 || units.length % 2 !== 0) return null;
  let run = '';
  for (let i = 0; i < units.length; i += 2) run += String.fromCharCode(units.readUInt16BE(i));
  // Only the one canonical spelling: two names that look alike must not be two mailboxes.
  if (encodeRun(run) !== base64 || /[\x20-\x7e]/.test(run) || !run.isWellFormed()) return null;
  return run;
}
