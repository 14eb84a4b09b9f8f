import {
  CarrierFrame,
  type CarrierFrameType,
  carrierFrame,
  carrierHeader,
  DATA_BYTES_MAX,
  encodeCredit,
} from '#protocol/handover';

/** Who a channel's bytes are for. Called as frames come, none of it before `Channel.attach` has returned. */
export interface ChannelUser {
  /**
   * The bytes are the user's; he says `consumed` once he has done with them. With `giveBack` their memory is read into again
   * after he calls it; he need not.
   */
  channelData(bytes: Buffer, giveBack?: () => void): void;
  /** Throws `RangeError` for a payload that is none: the channel is then lost. Absent where nobody sends any. */
  channelMark?(payload: Buffer): void;
  channelRequest?(payload: Buffer): void;
  /** What came together has been handed over. */
  channelSettled?(): void;
  /** There is room again, after a `write` that said there was none. */
  channelDrained(): void;
  /** The other side says nothing more. */
  channelEnded(): void;
  /** The channel is over: the other side broke it off, or its carrier is gone. */
  channelLost(): void;
}

/** What a channel needs of its carrier. */
export interface ChannelCarrier {
  readonly windowBytes: number;
  /** The channel has something to send. */
  wake(channel: Channel): void;
  /** A frame that waits for nobody's credit. */
  control(frame: Buffer): void;
  forget(channel: Channel): void;
  /** Somebody has more to say than the other side takes. */
  stalled(): void;
}

type QueuedType =
  | typeof CarrierFrame.DATA
  | typeof CarrierFrame.MARK
  | typeof CarrierFrame.REQUEST
  | typeof CarrierFrame.END;
interface Queued {
  readonly type: QueuedType;
  readonly bytes: Uint8Array;
}

/** A channel takes so much before it asks its user to wait: Node's own default for a socket. */
const QUEUE_BYTES = 65_536;
/** A shorter piece is copied: it must not keep what else was read with it in memory. */
const COPIED_BYTES = 4_096;
const CREDIT_MAX = 0x7fff_ffff;
const NO_BYTES = new Uint8Array(0);

/**
 * One session's leg on a carrier. Laws:
 * - Nothing is sent beyond the other side's credit; nothing is taken beyond ours. Credit follows what the user has consumed.
 * - What a user says goes out in its order: a mark never passes the answer before it.
 */
export class Channel {
  private user: ChannelUser | undefined;
  /** What came before there was a user. */
  private early: ((user: ChannelUser) => void)[] | null = null;
  private queue: Queued[] | null = null;
  /** Of the first in the queue: so much has gone. */
  private sent = 0;
  private queuedBytes = 0;
  private wantsDrain = false;
  /** What the other side may still send, and what is consumed but not yet granted anew. */
  private granted: number;
  private consumedBytes = 0;
  private endedHere = false;
  private endedThere = false;
  private over = false;
  private broken = false;
  /** In its carrier's round. */
  waiting = false;

  constructor(
    readonly id: number,
    private readonly carrier: ChannelCarrier,
    private credit: number,
  ) {
    this.granted = carrier.windowBytes;
  }

  attach(user: ChannelUser): void {
    this.user = user;
    const { early } = this;
    this.early = null;
    for (const what of early ?? []) if (!this.broken) this.run(user, what);
  }

  /** Nothing can be said any more. */
  get gone(): boolean {
    return this.over || this.endedHere;
  }

  get needsDrain(): boolean {
    return this.wantsDrain && !this.gone;
  }

  /** False asks to wait for `channelDrained` before writing more. The bytes must not change afterwards. */
  write(bytes: Uint8Array): boolean {
    if (this.gone) return true;
    if (bytes.length > 0) this.enqueue(CarrierFrame.DATA, bytes);
    this.queuedBytes += bytes.length;
    if (this.queuedBytes >= QUEUE_BYTES) this.wantsDrain = true;
    return !this.wantsDrain;
  }

  mark(payload: Uint8Array): void {
    if (!this.gone) this.enqueue(CarrierFrame.MARK, payload);
  }

  request(payload: Uint8Array): void {
    if (!this.gone) this.enqueue(CarrierFrame.REQUEST, payload);
  }

  /** Says that nothing more comes, behind what is queued. */
  end(): void {
    if (this.gone) return;
    this.endedHere = true;
    this.enqueue(CarrierFrame.END, NO_BYTES);
  }

  /** Is over at once; the user hears nothing more. */
  reset(): void {
    if (this.over) return;
    this.finish();
    this.carrier.control(carrierFrame(CarrierFrame.RESET, this.id));
  }

  /** The user has done with so many bytes. */
  consumed(bytes: number): void {
    this.consumedBytes += bytes;
    if (this.over || this.endedThere || this.consumedBytes < this.carrier.windowBytes / 2) return;
    this.granted += this.consumedBytes;
    this.carrier.control(carrierFrame(CarrierFrame.WINDOW, this.id, encodeCredit(this.consumedBytes)));
    this.consumedBytes = 0;
  }

  // ---- what its carrier calls

  /** Appends frames to `out`, at most one turn's worth; true when there is more for the next turn. */
  fill(out: Uint8Array[]): boolean {
    let room = DATA_BYTES_MAX;
    const { queue } = this;
    while (queue && queue.length > 0) {
      const { type, bytes } = queue[0]!;
      if (type !== CarrierFrame.DATA) {
        out.push(carrierFrame(type, this.id, bytes));
        queue.shift();
        if (type === CarrierFrame.END && this.endedThere) this.finish();
        continue;
      }
      const length = Math.min(bytes.length - this.sent, this.credit, room);
      if (length === 0) break;
      out.push(carrierHeader(type, this.id, length), bytes.subarray(this.sent, this.sent + length));
      room -= length;
      this.credit -= length;
      this.queuedBytes -= length;
      this.sent += length;
      if (this.sent < bytes.length) continue;
      queue.shift();
      this.sent = 0;
    }
    if (!queue || queue.length === 0) {
      this.queue = null;
      return false;
    }
    if (this.credit > 0) return true;
    this.carrier.stalled();
    return false;
  }

  /** After a turn: there may be room for more. */
  tellDrained(): void {
    if (!this.wantsDrain || this.queuedBytes > QUEUE_BYTES / 2) return;
    this.wantsDrain = false;
    this.user?.channelDrained();
  }

  /** Throws `RangeError` for more than was granted: the carrier is then broken. */
  receive(piece: Buffer, lend: (() => () => void) | undefined): void {
    this.granted -= piece.length;
    if (this.granted < 0) throw new RangeError('more than the window');
    const giveBack = piece.length < COPIED_BYTES ? undefined : lend?.();
    const bytes = piece.length < COPIED_BYTES ? Buffer.from(piece) : piece;
    this.tell((user) => user.channelData(bytes, giveBack));
  }

  receiveFrame(type: CarrierFrameType, payload: Buffer): void {
    switch (type) {
      case CarrierFrame.MARK:
        this.tell((user) => user.channelMark?.(payload));
        return;
      case CarrierFrame.REQUEST:
        this.tell((user) => user.channelRequest?.(payload));
        return;
      case CarrierFrame.END:
        this.endedThere = true;
        this.tell((user) => user.channelEnded());
        if (this.endedHere && !this.queue) this.finish();
        return;
      case CarrierFrame.RESET:
        this.lose();
    }
  }

  /** Throws `RangeError` for more credit than can be: the carrier is then broken. */
  receiveCredit(bytes: number): void {
    this.credit += bytes;
    if (this.credit > CREDIT_MAX) throw new RangeError('too much credit');
    if (this.queue) this.carrier.wake(this);
  }

  settle(): void {
    this.user?.channelSettled?.();
  }

  /** Its carrier is gone, or the other side has broken it off. */
  lose(): void {
    if (this.over) return;
    this.finish();
    this.tell((user) => user.channelLost());
  }

  private tell(what: (user: ChannelUser) => void): void {
    const { user } = this;
    if (!user) {
      this.early ??= [];
      this.early.push(what);
    } else this.run(user, what);
  }

  private run(user: ChannelUser, what: (user: ChannelUser) => void): void {
    try {
      what(user);
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      // What it says is not what may be said on a channel.
      this.broken = true;
      this.reset();
      user.channelLost();
    }
  }

  private enqueue(type: QueuedType, bytes: Uint8Array): void {
    this.queue ??= [];
    this.queue.push({ type, bytes });
    this.carrier.wake(this);
  }

  private finish(): void {
    this.over = true;
    this.queue = null;
    this.queuedBytes = 0;
    this.carrier.forget(this);
  }
}
