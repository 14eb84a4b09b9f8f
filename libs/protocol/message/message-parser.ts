import { asBuffer, CR, LF, present } from '#stdx';
import { ByteCollector } from './byte-collector.ts';
import { MESSAGE_LIMITS } from './limits.ts';
import type { MessageLimits, ParsedMessage } from './model.ts';
import type { OpenPart } from './open-part.ts';
import { type Place, StructureBuilder } from './structure-builder.ts';

/** Reads a message as it arrives. The result does not depend on how the bytes are cut into chunks; a chunk may be reused after `push`. */
export interface MessageParser {
  push(chunk: Uint8Array): void;
  /** Every input has a result. The parser is not used after. */
  end(): ParsedMessage;
}

/**
 * A streaming parser of RFC 5322 and MIME structure. Never throws; memory is bounded by the limits, whatever comes: it keeps
 * the header block being read, the start of one text part, and the result. Lines end with LF, with or without CR before it;
 * a bare CR is text. A header line that is no field is skipped; a boundary line ends a header block that lacks its blank line.
 */
export function messageParser(limits: Partial<MessageLimits> = {}): MessageParser {
  const reader = new StructureReader({ ...MESSAGE_LIMITS, ...limits });
  return {
    push: (chunk) => reader.push(asBuffer(chunk)),
    end: () => reader.end(NOTHING),
  };
}

/** `messageParser` over bytes that are all there; nothing is copied. */
export function parseMessage(bytes: Uint8Array, limits: Partial<MessageLimits> = {}): ParsedMessage {
  return new StructureReader({ ...MESSAGE_LIMITS, ...limits }).end(asBuffer(bytes));
}

const DASH = 0x2d;
const NOTHING = Buffer.alloc(0);

/**
 * Laws:
 * - `window` is what can be looked at, `at` the next byte of it to judge; nothing before `at` is judged again;
 * - a line is judged at its start, once enough of it is there to tell a boundary from text; no more than that is carried over;
 * - bodies are crossed from line end to line end by `indexOf`, never byte by byte.
 */
class StructureReader {
  private readonly builder: StructureBuilder;
  private window: Buffer = NOTHING;
  /** Offset in the message of window[0]. */
  private base = 0;
  private at = 0;
  /** The three bytes before the window: a line end, and whether a line end stood before it. */
  private history: Buffer = NOTHING;
  private isLast = false;
  private isInLine = false;
  /** Line ends before `at`. */
  private lines = 0;

  private state: 'header' | 'body' | 'boundaryLine' = 'header';
  /** First byte of the window that belongs to the header block, or the body, being read. */
  private from = 0;
  private readonly header = new ByteCollector();
  private headerIsWhole = true;
  /** Whose next part follows the boundary line being skipped; `null` when its epilogue does. */
  private nextPartOf: OpenPart | null = null;

  constructor(limits: MessageLimits) {
    this.builder = new StructureBuilder(limits);
  }

  push(chunk: Buffer): void {
    this.window = this.window.length === 0 ? chunk : Buffer.concat([this.window, chunk]);
    this.run();
    this.carryOver();
  }

  /** `rest` is the last chunk. */
  end(rest: Buffer): ParsedMessage {
    this.window = this.window.length === 0 ? rest : Buffer.concat([this.window, rest]);
    this.isLast = true;
    this.run();
    const size = this.base + this.at;
    // Cut off within a boundary line or a header: what they announced is there, and empty.
    if (this.state === 'boundaryLine') this.endBoundaryLine();
    while (this.state === 'header') this.endHeader(this.at, this.at);
    this.endBody(this.at);
    this.builder.finish(this.place(this.at));
    const { envelope, root, preview, hasAttachments, truncated } = this.builder;
    return { size, envelope, body: present(root, 'root part'), preview: preview.text, hasAttachments, truncated };
  }

  /** Judges all that can be judged. */
  private run(): void {
    while (this.at < this.window.length && this.step());
  }

  /** False when it needs bytes that are not there yet. */
  private step(): boolean {
    switch (this.state) {
      case 'header':
        return this.readHeader();
      case 'body':
        return this.readBody();
      case 'boundaryLine':
        return this.nextLine() && this.endBoundaryLine();
    }
  }

  private readHeader(): boolean {
    while (this.at < this.window.length) {
      const { window, at } = this;
      if (!this.isInLine) {
        // One byte is too few to know a blank line, or a boundary, by.
        if (window.length - at < 2 && !this.isLast) return false;
        if (window[at] === LF) return this.endBlankLine(1);
        if (window[at] === CR && window[at + 1] === LF) return this.endBlankLine(2);
        const boundary = this.readBoundary();
        if (boundary !== 'none') return boundary === 'found';
      }
      if (!this.nextLine()) return false;
    }
    return false;
  }

  private readBody(): boolean {
    const { window, builder } = this;
    const mayEnd = builder.boundaries.size > 0;
    while (this.at < window.length) {
      if (mayEnd && !this.isInLine) {
        if (window.length - this.at < 2 && !this.isLast) return false;
        const boundary = this.readBoundary();
        if (boundary !== 'none') return boundary === 'found';
      }
      if (!this.nextLine()) return false;
    }
    return false;
  }

  /** To the start of the next line; false when the window ends first. */
  private nextLine(): boolean {
    const lf = this.window.indexOf(LF, this.at);
    this.isInLine = lf < 0;
    if (lf < 0) {
      this.at = this.window.length;
      return false;
    }
    this.at = lf + 1;
    this.lines++;
    return true;
  }

  private endBlankLine(length: number): boolean {
    const blockEnd = this.at;
    this.at += length;
    this.lines++;
    this.endHeader(blockEnd, this.at);
    return true;
  }

  /** The header block ends before window[blockEnd]; the body begins at window[bodyStart]. */
  private endHeader(blockEnd: number, bodyStart: number): void {
    const block = this.header.take(this.headerRoom(this.window.subarray(this.from, blockEnd)));
    const place = { offset: this.base + bodyStart, lines: this.lines };
    this.state = this.builder.endHeader(block, this.headerIsWhole, place) ? 'header' : 'body';
    this.headerIsWhole = true;
    this.from = bodyStart;
  }

  /** As much of `bytes` as the limit on header blocks still lets in. */
  private headerRoom(bytes: Buffer): Buffer {
    const room = Math.max(0, this.builder.headerBytesMax - this.header.size);
    if (bytes.length <= room) return bytes;
    this.headerIsWhole = false;
    return bytes.subarray(0, room);
  }

  /** Is the line at `at` a boundary? If so, everything it ends is ended. */
  private readBoundary(): 'none' | 'found' | 'unknown' {
    const { window, at, builder } = this;
    const { boundaries } = builder;
    if (window[at] !== DASH || window[at + 1] !== DASH || boundaries.size === 0) return 'none';
    const start = at + 2;
    const lf = window.indexOf(LF, start);
    // The longest boundary and the two dashes that close it decide.
    if (lf < 0 && window.length < start + boundaries.bytesMax + 2 && !this.isLast) return 'unknown';
    const match = boundaries.match(window, start, lf < 0 ? window.length : lf);
    if (match === null) return 'none';
    const after = start + match.boundary.length;
    const isClosing = window[after] === DASH && window[after + 1] === DASH;
    while (this.state === 'header') this.endHeader(at, at);
    const end = this.endBefore(at);
    this.endBody(end);
    builder.boundary(match.owner, isClosing, this.place(end));
    this.nextPartOf = isClosing ? null : match.owner;
    this.state = 'boundaryLine';
    this.from = at;
    return 'found';
  }

  private endBoundaryLine(): boolean {
    const begins = this.nextPartOf !== null && this.builder.beginPart(this.nextPartOf, false, this.base + this.at);
    this.state = begins ? 'header' : 'body';
    this.from = this.at;
    return true;
  }

  /** Hands the innermost body's last bytes on; it ends before window[end], which may lie before bytes already handed on. */
  private endBody(end: number): void {
    const { preview, bodyStart } = this.builder;
    preview.finish(this.window.subarray(this.from, Math.max(this.from, end)), this.base + end - bodyStart);
  }

  /** RFC 2046 §5.1.1: the line end before a boundary at window[at] belongs to it, unless it is the blank line of a header. */
  private endBefore(at: number): number {
    const bodyLength = this.base + at - this.builder.bodyStart;
    if (bodyLength < 1 || this.byte(at - 1) !== LF) return at;
    return bodyLength > 1 && this.byte(at - 2) === CR ? at - 2 : at - 1;
  }

  /** Where window[index] lies; `index` is `at`, or a line end less. */
  private place(index: number): Place {
    const complete = index < this.at ? this.lines - 1 : this.lines;
    return { offset: this.base + index, lines: this.byte(index - 1) === LF ? complete : complete + 1 };
  }

  /** window[index], which may lie up to three bytes before it. */
  private byte(index: number): number | undefined {
    return index >= 0 ? this.window[index] : this.history[this.history.length + index];
  }

  /** Keeps what later chunks need of this one: bytes not judged yet, and the header or text being gathered. */
  private carryOver(): void {
    const { window, at } = this;
    const judged = window.subarray(this.from, at);
    if (this.state === 'header') this.header.add(this.headerRoom(judged));
    else if (this.state === 'body') this.builder.preview.add(judged);
    this.history = Buffer.concat([this.history, window.subarray(Math.max(0, at - 3), at)]).subarray(-3);
    this.window = Buffer.from(window.subarray(at));
    this.base += at;
    this.at = 0;
    this.from = 0;
  }
}
