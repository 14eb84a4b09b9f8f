import type { SmtpReply } from './reply.ts';

/** The other side's reply cannot be read, or is longer than anyone would send. The connection is of no more use. */
export class ReplySyntaxError extends Error {
  override readonly name = 'ReplySyntaxError';
}

/** Lines of one reply; EHLO answers of real servers stay below 30. */
const REPLY_LINES_MAX = 200;
/** RFC 5321 §4.5.3.1.5 says 512; some servers send longer explanations. */
const LINE_BYTES_MAX = 8_192;

/** Turns bytes into replies (RFC 5321 §4.2.1), for clients. Accepts bare LF as line end, as §4.2 replies of old servers need. */
export class ReplyReader {
  private rest = '';
  private lines: string[] = [];
  private code = 0;

  constructor(private readonly onReply: (reply: SmtpReply) => void) {}

  /** Throws `ReplySyntaxError`. */
  push(chunk: Uint8Array): void {
    const text = this.rest + Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength).toString('latin1');
    let at = 0;
    for (;;) {
      const end = text.indexOf('\n', at);
      if (end < 0) break;
      this.line(text.slice(at, end > at && text.charCodeAt(end - 1) === 0x0d ? end - 1 : end));
      at = end + 1;
    }
    this.rest = text.slice(at);
    if (this.rest.length > LINE_BYTES_MAX) throw new ReplySyntaxError('reply line too long');
  }

  private line(line: string): void {
    const code = replyCode(line);
    if (code < 0 || (this.lines.length > 0 && code !== this.code))
      throw new ReplySyntaxError(`unreadable reply: ${line.slice(0, 100)}`);
    this.code = code;
    if (line.charCodeAt(3) === 0x2d) {
      if (this.lines.length === REPLY_LINES_MAX) throw new ReplySyntaxError('reply has too many lines');
      this.lines.push(line.slice(4));
      return;
    }
    const lines = this.lines;
    if (lines.length > 0) this.lines = [];
    this.onReply(lines.length === 0 ? withEnhanced(code, line.slice(4)) : multiline(code, [...lines, line.slice(4)]));
  }
}

/** Three digits, 2–5 first, then space, hyphen or nothing; -1 for anything else. */
function replyCode(line: string): number {
  const a = line.charCodeAt(0) - 0x30;
  const b = line.charCodeAt(1) - 0x30;
  const c = line.charCodeAt(2) - 0x30;
  if (!(a >= 2 && a <= 5 && b >= 0 && b <= 9 && c >= 0 && c <= 9)) return -1;
  if (line.length > 3 && line.charCodeAt(3) !== 0x20 && line.charCodeAt(3) !== 0x2d) return -1;
  return a * 100 + b * 10 + c;
}

// RFC 2034 §4: the class is the first digit of the code; each line repeats it.
const ENHANCED = /^([245]\.\d{1,3}\.\d{1,3})(?: |$)/;

function withEnhanced(code: number, text: string): SmtpReply {
  const found = ENHANCED.exec(text);
  return found ? { code, enhanced: found[1]!, text: text.slice(found[0].length) } : { code, text };
}

function multiline(code: number, lines: readonly string[]): SmtpReply {
  const first = ENHANCED.exec(lines[0]!);
  if (!first) return { code, text: lines };
  const prefix = first[1]!;
  return {
    code,
    enhanced: prefix,
    text: lines.map((line) => (line.startsWith(prefix) ? line.slice(prefix.length).trimStart() : line)),
  };
}
