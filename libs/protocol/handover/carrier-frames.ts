/**
 * A carrier is one connection between a hub and a node that carries many session legs, each a channel. Frames both ways:
 * 3 bytes big-endian payload length, 1 byte type, 4 bytes channel (RFC 9113 §4.1's header less its flags), payload.
 * Channel 0 is the carrier itself. The hub opens channels, with numbers that rise.
 */
export const CarrierFrame = {
  /** First on either side, channel 0: `CarrierHello`. */
  HELLO: 0,
  /** Channel 0; answered by a PONG. */
  PING: 1,
  PONG: 2,
  /** Hub → node, begins a channel: `SessionOpening`. */
  OPEN: 3,
  /** Node → hub: what it says to that, a `PrefaceReply` line. After a refusal the channel is over. */
  ANSWER: 4,
  /** Goes on to the other side as it is. Within the credit the receiver gave; a zero-length one means nothing. */
  DATA: 5,
  /** Node → hub, kept by the hub: the opaque state from which a new owner can go on after the answer just completed (`SessionMark`). */
  MARK: 6,
  /** Node → hub: what only the hub can do (`HubRequest`). */
  REQUEST: 7,
  /** 4 bytes: the receiver takes so many bytes of DATA more. */
  WINDOW: 8,
  /** Nothing more comes on the channel from this side. */
  END: 9,
  /** The channel is over at once, both ways. */
  RESET: 10,
} as const;
export type CarrierFrameType = (typeof CarrierFrame)[keyof typeof CarrierFrame];

export const CARRIER_HEADER_BYTES = 8;
/** Of DATA; 16,384 is RFC 9113's default and one TLS record: what waits behind it waits no longer than that. */
export const DATA_BYTES_MAX = 16_384;
/** Of every other frame: above the longest mark and opening. */
export const CONTROL_BYTES_MAX = 8_192;

export function carrierHeader(type: CarrierFrameType, channel: number, payloadBytes: number): Buffer {
  const header = Buffer.allocUnsafe(CARRIER_HEADER_BYTES);
  header.writeUIntBE(payloadBytes, 0, 3);
  header[3] = type;
  header.writeUInt32BE(channel, 4);
  return header;
}

const NO_BYTES = Buffer.alloc(0);

export function carrierFrame(type: CarrierFrameType, channel: number, payload: Uint8Array = NO_BYTES): Buffer {
  return Buffer.concat([carrierHeader(type, channel, payload.length), payload]);
}

/** Who hears of frames. */
export interface CarrierReaderEvents {
  /** A part of a DATA frame, in the memory of what was pushed. */
  data(channel: number, piece: Buffer): void;
  /** Any other frame, whole. */
  frame(type: Exclude<CarrierFrameType, typeof CarrierFrame.DATA>, channel: number, payload: Buffer): void;
}

/** Splits a carrier's bytes into frames; DATA is not copied: a payload that arrives in pieces is handed on in pieces. */
export class CarrierReader {
  private readonly header = Buffer.alloc(CARRIER_HEADER_BYTES);
  private headerFilled = 0;
  private type: number = CarrierFrame.HELLO;
  private channel = 0;
  private remaining = 0;
  private kept: Buffer[] = [];

  constructor(private readonly events: CarrierReaderEvents) {}

  /** Throws `RangeError` on a frame that is too long, of unknown type or on a wrong channel: the carrier is then broken. */
  push(chunk: Buffer): void {
    let at = 0;
    while (at < chunk.length) {
      if (this.headerFilled < CARRIER_HEADER_BYTES) {
        at = this.readHeader(chunk, at);
        continue;
      }
      const piece = chunk.subarray(at, at + this.remaining);
      at += piece.length;
      this.remaining -= piece.length;
      if (this.type === CarrierFrame.DATA) this.events.data(this.channel, piece);
      else this.kept.push(piece);
      if (this.remaining === 0) this.finish();
    }
    // What is kept of a frame must not keep the whole chunk.
    if (this.kept.length > 0) this.kept = [Buffer.from(Buffer.concat(this.kept))];
  }

  private readHeader(chunk: Buffer, from: number): number {
    let at = from;
    if (this.headerFilled === 0 && chunk.length - at >= CARRIER_HEADER_BYTES) {
      this.begin(chunk, at);
      at += CARRIER_HEADER_BYTES;
    } else {
      const end = Math.min(chunk.length, at + CARRIER_HEADER_BYTES - this.headerFilled);
      chunk.copy(this.header, this.headerFilled, at, end);
      this.headerFilled += end - at;
      if (this.headerFilled < CARRIER_HEADER_BYTES) return end;
      at = end;
      this.begin(this.header, 0);
    }
    this.headerFilled = CARRIER_HEADER_BYTES;
    if (this.remaining === 0) this.finish();
    return at;
  }

  private begin(bytes: Buffer, at: number): void {
    this.remaining = bytes.readUIntBE(at, 3);
    this.type = bytes[at + 3]!;
    this.channel = bytes.readUInt32BE(at + 4);
    const { type, channel, remaining } = this;
    if (type > CarrierFrame.RESET) throw new RangeError(`frame of type ${type}`);
    if (remaining > (type === CarrierFrame.DATA ? DATA_BYTES_MAX : CONTROL_BYTES_MAX))
      throw new RangeError(`frame of ${remaining} bytes`);
    if ((channel === 0) !== type <= CarrierFrame.PONG) throw new RangeError(`frame type ${type} on channel ${channel}`);
  }

  private finish(): void {
    this.headerFilled = 0;
    if (this.type === CarrierFrame.DATA) return;
    const [only] = this.kept;
    const payload = this.kept.length > 1 ? Buffer.concat(this.kept) : Buffer.from(only ?? NO_BYTES);
    this.kept = [];
    this.events.frame(this.type as Exclude<CarrierFrameType, typeof CarrierFrame.DATA>, this.channel, payload);
  }
}

/** The newest version spoken here, and the oldest. */
export const CARRIER_VERSION = 1;
const CARRIER_VERSION_OLDEST = 1;

/** Payload of a HELLO. Later versions may put more behind it. */
export interface CarrierHello {
  /** The sender speaks these versions and all between. */
  readonly oldest: number;
  readonly newest: number;
  /** Credit that each channel begins with, for what is sent to the sender of this. */
  readonly windowBytes: number;
  /** Channels the sender serves at once. */
  readonly channelsMax: number;
}

const HELLO_BYTES = 12;

export function encodeCarrierHello({ windowBytes, channelsMax }: Pick<CarrierHello, 'windowBytes' | 'channelsMax'>) {
  const payload = Buffer.alloc(HELLO_BYTES);
  payload.writeUInt16BE(CARRIER_VERSION_OLDEST, 0);
  payload.writeUInt16BE(CARRIER_VERSION, 2);
  payload.writeUInt32BE(windowBytes, 4);
  payload.writeUInt32BE(channelsMax, 8);
  return payload;
}

/** Throws `RangeError` for a payload that is no hello. */
export function decodeCarrierHello(payload: Buffer): CarrierHello {
  if (payload.length < HELLO_BYTES) throw new RangeError(`hello of ${payload.length} bytes`);
  return {
    oldest: payload.readUInt16BE(0),
    newest: payload.readUInt16BE(2),
    windowBytes: payload.readUInt32BE(4),
    channelsMax: payload.readUInt32BE(8),
  };
}

/** The newest version both sides speak; `undefined` when there is none. */
export function commonCarrierVersion({ oldest, newest }: Pick<CarrierHello, 'oldest' | 'newest'>): number | undefined {
  const version = Math.min(newest, CARRIER_VERSION);
  return version >= Math.max(oldest, CARRIER_VERSION_OLDEST) ? version : undefined;
}

export function encodeCredit(bytes: number): Buffer {
  const payload = Buffer.allocUnsafe(4);
  payload.writeUInt32BE(bytes);
  return payload;
}

/** Throws `RangeError` for a payload that gives nothing. */
export function decodeCredit(payload: Buffer): number {
  const bytes = payload.length === 4 ? payload.readUInt32BE(0) : 0;
  if (bytes === 0) throw new RangeError('no credit');
  return bytes;
}
