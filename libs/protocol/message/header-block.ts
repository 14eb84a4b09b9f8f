/** Where one field of a header block lies. Offsets count from the start of the bytes given. */
export interface HeaderField {
  /** As sent, without the blanks that obsolete syntax allows before the colon (RFC 5322 §4.5.8). */
  readonly name: string;
  /** First byte of the name. */
  readonly start: number;
  /** First byte past the colon. */
  readonly valueStart: number;
  /** One past the field's last line end: [start, end) is the field as sent. */
  readonly end: number;
}

/**
 * The fields of a header block, in order; stops at the blank line, so a whole message may be given. A line that is neither
 * a field nor the continuation of one is left out. Only LF ends a line; a bare CR is part of the value.
 */
export function parseHeaderFields(bytes: Uint8Array): HeaderField[] {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
  const fields: HeaderField[] = [];
  eachField(text, (name, start, valueStart, end) => fields.push({ name, start, valueStart, end }));
  return fields;
}

type FieldVisitor = (name: string, start: number, valueStart: number, end: number) => void;

/** `parseHeaderFields` over bytes already read as Latin-1, where an offset is a character's index. */
export function eachField(text: string, visit: FieldVisitor): void {
  for (let start = 0; start < text.length; ) {
    if (text.charCodeAt(start) === 0x0a || (text.charCodeAt(start) === 0x0d && text.charCodeAt(start + 1) === 0x0a)) {
      return;
    }
    const firstEnd = lineEnd(text, start);
    let end = firstEnd;
    while (isBlank(text.charCodeAt(end))) end = lineEnd(text, end);
    const colon = isBlank(text.charCodeAt(start)) ? -1 : colonBefore(text, start, firstEnd);
    if (colon > start) {
      let nameEnd = colon;
      while (nameEnd > start && isBlank(text.charCodeAt(nameEnd - 1))) nameEnd--;
      if (nameEnd > start) visit(text.slice(start, nameEnd), start, colon + 1, end);
    }
    start = end;
  }
}

function lineEnd(text: string, from: number): number {
  const lf = text.indexOf('\n', from);
  return lf < 0 ? text.length : lf + 1;
}

/** Names are short: looking no further than 1,000 characters keeps a block without colons linear. */
function colonBefore(text: string, start: number, end: number): number {
  const last = Math.min(end, start + 1_000);
  for (let i = start; i < last; i++) if (text.charCodeAt(i) === 0x3a) return i;
  return -1;
}

function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x09;
}
