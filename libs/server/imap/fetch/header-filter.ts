import { CRLF, LF } from '#stdx';

const COLON = 0x3a;
const SP = 0x20;
const TAB = 0x09;

/**
 * HEADER.FIELDS and HEADER.FIELDS.NOT: the fields named (any case), or all others, as they stand in the header block, and the
 * blank line. RFC 9051 §6.4.5.1. Bytes are copied, never changed.
 */
export function filterHeader(header: Buffer, fields: readonly string[], not: boolean): Buffer {
  const wanted = new Set(fields.map((field) => field.toLowerCase()));
  const kept: Buffer[] = [];
  let keeping = false;
  let keptFrom = -1;
  let at = 0;
  while (at < header.length) {
    const lf = header.indexOf(LF, at);
    const next = lf < 0 ? header.length : lf + 1;
    const byte = header[at];
    // A line that begins with white space goes with the field above it.
    if (byte !== SP && byte !== TAB) {
      const name = fieldName(header, at, next);
      if (name === null) break;
      const keep = wanted.has(name) !== not;
      if (keep !== keeping) {
        if (keep) keptFrom = at;
        else kept.push(header.subarray(keptFrom, at));
        keeping = keep;
      }
    }
    at = next;
  }
  if (keeping) kept.push(header.subarray(keptFrom, at));
  kept.push(CRLF);
  return Buffer.concat(kept);
}

/** Lower-case name of the field in a line; '' where there is no colon; `null` for the blank line that ends the header. */
function fieldName(header: Buffer, start: number, end: number): string | null {
  if (header[start] === LF || (header[start] === 0x0d && end - start <= 2)) return null;
  const colon = header.indexOf(COLON, start);
  return colon < 0 || colon >= end ? '' : header.toString('latin1', start, colon).trimEnd().toLowerCase();
}
