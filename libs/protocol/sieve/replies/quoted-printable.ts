const LINE_MAX = 76;

/** One line in quoted-printable (RFC 2045 §6.7), with soft line breaks. */
export function encodeQuotedPrintable(line: string): string {
  let out = '';
  let length = 0;
  const bytes = Buffer.from(line);
  for (const [index, byte] of bytes.entries()) {
    const isBlank = byte === 0x20 || byte === 0x09;
    const isPlain = (byte > 0x20 && byte < 0x7f && byte !== 0x3d) || (isBlank && index < bytes.length - 1);
    const piece = isPlain ? String.fromCharCode(byte) : `=${byte.toString(16).toUpperCase().padStart(2, '0')}`;
    if (length + piece.length >= LINE_MAX) {
      out += '=\r\n';
      length = 0;
    }
    out += piece;
    length += piece.length;
  }
  return out;
}
