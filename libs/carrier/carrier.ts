import type { Duplex } from 'node:stream';
import {
  CarrierFrame,
  type CarrierFrameType,
  CarrierReader,
  type CarrierReaderEvents,
  carrierFrame,
  commonCarrierVersion,
  decodeCarrierHello,
  decodeCredit,
  decodePrefaceReply,
  encodeCarrierHello,
  encodePrefaceReply,
  type PrefaceReply,
} from '#protocol/handover';
import { type Clock, type Deferred, deferred, type Timer } from '#stdx';
import { Channel, type ChannelCarrier } from './channel.ts';
import type { ReadSlabs } from './read-slabs.ts';
import type { CarrierSettings } from './settings.ts';

/** The carrier is gone, or was not answered in time. */
export class CarrierLostError extends Error {
  override readonly name = 'CarrierLostError';
}

/** Numbers are not used again. */
const CHANNEL_MAX = 0xffff_ffff;

/** What all carriers of a process did together, for /metrics. */
export class CarrierTally {
  bytesSent = 0;
  bytesReceived = 0;
  /** Times that a channel had more to say than the other side would take. */
  stalls = 0;
}

export interface CarrierOptions {
  /** Paused; nothing else reads or writes it. */
  readonly socket: Duplex;
  /** Its bytes come through these, where it was connected with them. */
  readonly reads?: ReadSlabs;
  /** What arrived behind the preface. */
  readonly first: Buffer;
  readonly settings: CarrierSettings;
  readonly tally: CarrierTally;
  readonly clock: Pick<Clock, 'every' | 'after' | 'monotonic'>;
  /**
   * On a node's side: decides on a channel that a hub opens, and answers it with `Carrier.answer`. Throws `RangeError` for a
   * payload that is no opening: the carrier is then broken.
   */
  readonly accept?: (channel: Channel, payload: Buffer) => void;
}

/**
 * One connection that carries many channels. Laws:
 * - Channels that have something to send take turns, one DATA frame each: none waits for another's long answer.
 * - What a poll of the event loop brings is sent together, in one write.
 * - Nothing is read into memory but what a channel's window allows.
 * - A carrier that breaks its framing, or is silent for too long, ends, and all its channels with it.
 */
export class Carrier implements ChannelCarrier, CarrierReaderEvents {
  readonly windowBytes: number;
  /** Resolves when the other side has said who it is; rejects `CarrierLostError`. */
  readonly opened: Promise<void>;
  /** Resolves, with why, when it is gone. */
  readonly closed: Promise<string>;
  readonly startedAt: number;
  private readonly opening = deferred();
  private readonly closing = deferred<string>();
  private readonly channels = new Map<number, Channel>();
  private readonly answers = new Map<number, Deferred<PrefaceReply>>();
  private readonly reader = new CarrierReader(this);
  private readonly keepAlive: Timer;
  private readonly lend: (() => () => void) | undefined;
  private highestChannel = 0;
  private peerWindow = -1;
  private peerChannelsMax = 0;
  /** Channels with something to send, in their turn. */
  private turns: Channel[] = [];
  private controls: Buffer[] = [];
  /** Channels that frames came for since they were last told so. */
  private touched: Channel[] = [];
  private flushIsDue = false;
  private socketIsFull = false;
  private silentPings = 0;
  private over = false;
  private retired = false;

  constructor(private readonly options: CarrierOptions) {
    const { socket, reads, first, settings, clock } = options;
    this.windowBytes = settings.windowBytes;
    this.startedAt = clock.monotonic();
    this.opened = this.opening.promise;
    // Who does not ask need not hear it.
    this.opened.catch(() => {});
    this.closed = this.closing.promise;
    this.lend = reads && (() => reads.lend());
    if (reads) reads.reader = (chunk) => this.read(chunk);
    else socket.on('data', (chunk: Buffer) => this.read(chunk));
    socket.on('drain', () => this.drained());
    socket.on('end', () => this.lose('ended')).on('close', () => this.lose('closed'));
    socket.on('error', (error: Error) => this.lose(error.message));
    this.keepAlive = clock.every(settings.pingMs, () => this.ping());
    this.control(carrierFrame(CarrierFrame.HELLO, 0, encodeCarrierHello(settings)));
    if (first.length > 0) this.read(first);
    socket.resume();
  }

  get channelCount(): number {
    return this.channels.size;
  }

  /** Takes one channel more. */
  get hasRoom(): boolean {
    const { over, retired, channels } = this;
    return !over && !retired && channels.size < this.peerChannelsMax && this.highestChannel < CHANNEL_MAX;
  }

  /** On a hub's side, once opened. Rejects `CarrierLostError` when there was no answer in time. */
  async open(payload: Buffer, timeoutMs: number): Promise<{ readonly channel: Channel; readonly reply: PrefaceReply }> {
    if (!this.hasRoom) throw new CarrierLostError('no room for a channel');
    const channel = this.add(++this.highestChannel);
    const answer = deferred<PrefaceReply>();
    this.answers.set(channel.id, answer);
    this.control(carrierFrame(CarrierFrame.OPEN, channel.id, payload));
    const timer = this.options.clock.after(timeoutMs, () => {
      channel.reset();
      answer.reject(new CarrierLostError(`no answer in ${timeoutMs} ms`));
    });
    try {
      return { channel, reply: await answer.promise };
    } finally {
      timer.cancel();
      this.answers.delete(channel.id);
    }
  }

  /** On a node's side: what is said to a channel that was opened. A refused one is over. */
  answer(channel: Channel, reply: PrefaceReply): void {
    if (this.channels.get(channel.id) !== channel) return;
    this.control(carrierFrame(CarrierFrame.ANSWER, channel.id, Buffer.from(encodePrefaceReply(reply))));
    if (!reply.ok) this.channels.delete(channel.id);
  }

  /** Takes no new channels, and ends with its last. */
  retire(): void {
    this.retired = true;
    this.endIfIdle();
  }

  /** Ends it and all its channels. */
  destroy(why: string): void {
    this.lose(why);
  }

  // ---- what channels call

  wake(channel: Channel): void {
    if (channel.waiting || this.over) return;
    channel.waiting = true;
    this.turns.push(channel);
    this.flushSoon();
  }

  control(frame: Buffer): void {
    if (this.over) return;
    this.controls.push(frame);
    this.flushSoon();
  }

  forget(channel: Channel): void {
    this.channels.delete(channel.id);
    this.endIfIdle();
  }

  stalled(): void {
    this.options.tally.stalls++;
  }

  // ---- sending

  private flushSoon(): void {
    if (this.flushIsDue || this.socketIsFull) return;
    this.flushIsDue = true;
    setImmediate(this.flush);
  }

  private readonly flush = (): void => {
    this.flushIsDue = false;
    if (this.over) return;
    const { socket, tally } = this.options;
    const out: Uint8Array[] = this.controls;
    this.controls = [];
    const served: Channel[] = [];
    let bytes = 0;
    // As long as the socket has room; a turn is at most one DATA frame more than that.
    const room = socket.writableHighWaterMark - socket.writableLength;
    while (this.turns.length > 0 && bytes < room) {
      const channel = this.turns.shift()!;
      const from = out.length;
      channel.waiting = false;
      const more = channel.fill(out);
      for (let at = from; at < out.length; at++) bytes += out[at]!.length;
      if (more) {
        channel.waiting = true;
        this.turns.push(channel);
      }
      served.push(channel);
    }
    socket.cork();
    for (const piece of out) {
      tally.bytesSent += piece.length;
      socket.write(piece);
    }
    socket.uncork();
    this.socketIsFull = socket.writableNeedDrain;
    for (const channel of served) channel.tellDrained();
    if (this.turns.length > 0) this.flushSoon();
  };

  private drained(): void {
    this.socketIsFull = false;
    if (this.turns.length > 0 || this.controls.length > 0) this.flush();
  }

  // ---- receiving

  private read(chunk: Buffer): boolean {
    this.silentPings = 0;
    this.options.tally.bytesReceived += chunk.length;
    try {
      this.reader.push(chunk);
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      this.lose(error.message);
    }
    return !this.over;
  }

  data(id: number, piece: Buffer): void {
    const channel = this.channelOf(id);
    if (!channel) return;
    channel.receive(piece, this.lend);
    this.touch(channel);
  }

  frame(type: CarrierFrameType, id: number, payload: Buffer): void {
    if (this.peerWindow < 0 && type !== CarrierFrame.HELLO) throw new RangeError('no hello');
    switch (type) {
      case CarrierFrame.HELLO:
        this.greeted(payload);
        return;
      case CarrierFrame.PING:
        this.control(carrierFrame(CarrierFrame.PONG, 0));
        return;
      case CarrierFrame.PONG:
        return;
      case CarrierFrame.OPEN:
        this.asked(id, payload);
        return;
      case CarrierFrame.ANSWER:
        this.answered(id, payload);
        return;
      case CarrierFrame.WINDOW:
        this.channelOf(id)?.receiveCredit(decodeCredit(payload));
        return;
      default: {
        const channel = this.channelOf(id);
        if (!channel) return;
        channel.receiveFrame(type, payload);
        this.touch(channel);
      }
    }
  }

  private greeted(payload: Buffer): void {
    const hello = decodeCarrierHello(payload);
    if (this.peerWindow >= 0) throw new RangeError('a second hello');
    if (commonCarrierVersion(hello) === undefined)
      throw new RangeError(`speaks versions ${hello.oldest} to ${hello.newest} of carriers`);
    this.peerWindow = hello.windowBytes;
    this.peerChannelsMax = hello.channelsMax;
    this.opening.resolve();
  }

  private asked(id: number, payload: Buffer): void {
    const { accept, settings } = this.options;
    if (!accept || id <= this.highestChannel) throw new RangeError(`channel ${id} opened`);
    this.highestChannel = id;
    const channel = this.add(id);
    if (this.channels.size > settings.channelsMax)
      this.answer(channel, { ok: false, code: 'UNAVAILABLE', text: 'too many channels' });
    else accept(channel, payload);
  }

  private answered(id: number, payload: Buffer): void {
    const reply = decodePrefaceReply(payload.toString('latin1').trimEnd());
    if (!reply.ok) this.channels.delete(id);
    this.answers.get(id)?.resolve(reply);
  }

  private add(id: number): Channel {
    const channel = new Channel(id, this, this.peerWindow);
    this.channels.set(id, channel);
    return channel;
  }

  /** `undefined` for one that is over here: what was on its way is dropped. */
  private channelOf(id: number): Channel | undefined {
    const channel = this.channels.get(id);
    if (!channel && id > this.highestChannel) throw new RangeError(`channel ${id} was not opened`);
    return channel;
  }

  private touch(channel: Channel): void {
    if (this.touched.length === 0) setImmediate(this.settle);
    if (this.touched.at(-1) !== channel) this.touched.push(channel);
  }

  private readonly settle = (): void => {
    const { touched } = this;
    this.touched = [];
    for (const channel of touched) channel.settle();
  };

  // ---- its life

  private ping(): void {
    const { settings } = this.options;
    if (this.silentPings * settings.pingMs >= settings.silenceMsMax)
      this.lose(`silent for ${settings.silenceMsMax} ms`);
    this.silentPings++;
    this.control(carrierFrame(CarrierFrame.PING, 0));
  }

  private endIfIdle(): void {
    if (this.retired && this.channels.size === 0) this.lose('retired');
  }

  private lose(why: string): void {
    if (this.over) return;
    this.over = true;
    this.keepAlive.cancel();
    this.options.socket.destroy();
    const lost = new CarrierLostError(why);
    this.opening.reject(lost);
    for (const answer of this.answers.values()) answer.reject(lost);
    const channels = [...this.channels.values()];
    this.channels.clear();
    this.turns = [];
    this.controls = [];
    for (const channel of channels) channel.lose();
    this.closing.resolve(why);
  }
}
