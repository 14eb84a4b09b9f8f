import { isUtf8 } from 'node:buffer';

/** Bytes of a field as text; `null` unless they are UTF-8 without NUL, and at most `bytesMax`. */
export function utf8Text(bytes: Buffer, bytesMax: number): string | null {
  if (bytes.length > bytesMax || bytes.includes(0) || !isUtf8(bytes)) return null;
  return bytes.toString('utf8');
}
