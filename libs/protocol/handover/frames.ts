/**
 * Session legs are framed in both directions: 4 bytes big-endian payload length, 1 byte type, payload.
 * DATA goes on to the other side as it is; MARK (node → hub) is kept by the hub: the opaque state from which a new
 * owner can go on after the response just completed. REQUEST (node → hub) asks the hub for what only it can do (`HubRequest`).
 * A zero-length DATA is allowed and means nothing.
 */
export const FRAME_DATA = 0;
export const FRAME_MARK = 1;
export const FRAME_REQUEST = 2;
export type FrameType = typeof FRAME_DATA | typeof FRAME_MARK | typeof FRAME_REQUEST;

export const FRAME_HEADER_BYTES = 5;
export const FRAME_PAYLOAD_BYTES_MAX = 1 << 20;

export function frameHeader(type: FrameType, payloadBytes: number): Buffer {
  const header = Buffer.allocUnsafe(FRAME_HEADER_BYTES);
  header.writeUInt32BE(payloadBytes, 0);
  header[4] = type;
  return header;
}

/** Splits a byte stream into frames without copying DATA: a payload that arrives in pieces is handed on in pieces. */
export class FrameReader {
  private readonly header = Buffer.alloc(FRAME_HEADER_BYTES);
  private headerFilled = 0;
  private remaining = 0;
  private type: FrameType = FRAME_DATA;
  private kept: Buffer[] = [];

  constructor(
    private readonly onData: (piece: Uint8Array) => void,
    private readonly onMark: (mark: Buffer) => void,
    private readonly onRequest: (request: Buffer) => void = refuseRequest,
  ) {}

  /** Throws `RangeError` on a frame longer than the limit or of unknown type: the leg is then broken. */
  push(chunk: Uint8Array): void {
    let at = 0;
    while (at < chunk.length) {
      if (this.headerFilled < FRAME_HEADER_BYTES) {
        this.header[this.headerFilled++] = chunk[at++]!;
        if (this.headerFilled < FRAME_HEADER_BYTES) continue;
        this.begin();
        if (this.remaining === 0) this.finish();
        continue;
      }
      const piece = chunk.subarray(at, at + this.remaining);
      at += piece.length;
      this.remaining -= piece.length;
      if (this.type === FRAME_DATA) this.onData(piece);
      else this.kept.push(Buffer.from(piece));
      if (this.remaining === 0) this.finish();
    }
  }

  private begin(): void {
    this.remaining = this.header.readUInt32BE(0);
    const type = this.header[4];
    if (this.remaining > FRAME_PAYLOAD_BYTES_MAX) throw new RangeError(`frame of ${this.remaining} bytes`);
    if (type !== FRAME_DATA && type !== FRAME_MARK && type !== FRAME_REQUEST)
      throw new RangeError(`frame type ${type}`);
    this.type = type;
  }

  private finish(): void {
    this.headerFilled = 0;
    if (this.type === FRAME_DATA) return;
    const payload = Buffer.concat(this.kept);
    this.kept = [];
    if (this.type === FRAME_MARK) this.onMark(payload);
    else this.onRequest(payload);
  }
}

function refuseRequest(): never {
  throw new RangeError('nobody here takes requests');
}
