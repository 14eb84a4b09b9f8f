import type { Channel, ChannelUser } from '#carrier';
import { encodeHubRequest, encodeMark, type HubRequest } from '#protocol/handover';
import type { ClientConnection } from './connection.ts';

/** The leg from a hub. */
export function channelConnection(channel: Channel): ClientConnection {
  return new ChannelConnection(channel);
}

class ChannelConnection implements ClientConnection, ChannelUser {
  private pieces: Uint8Array[] = [];
  private ended = false;
  private listener: () => void = () => {};
  private waiters: (() => void)[] = [];

  constructor(private readonly channel: Channel) {
    channel.attach(this);
  }

  read(): Uint8Array | null | undefined {
    const piece = this.pieces.shift();
    if (!piece) return this.ended ? null : undefined;
    this.channel.consumed(piece.length);
    return piece;
  }

  onReadable(listener: () => void): void {
    this.listener = listener;
  }

  write(bytes: Uint8Array): boolean {
    return this.channel.write(bytes);
  }

  drained(): Promise<void> {
    if (!this.channel.needsDrain) return Promise.resolve();
    return new Promise((resolve) => this.waiters.push(resolve));
  }

  mark(answered: number, state: Uint8Array): void {
    this.channel.mark(encodeMark({ answered, state }));
  }

  /** A carrier sends what was said in one turn of the event loop together. */
  together(work: () => void): void {
    work();
  }

  askHub(request: HubRequest): void {
    this.channel.request(encodeHubRequest(request));
  }

  end(): void {
    this.channel.end();
  }

  destroy(): void {
    this.channel.reset();
    this.channelLost();
  }

  get gone(): boolean {
    return this.channel.gone;
  }

  channelData(bytes: Buffer): void {
    this.pieces.push(bytes);
    this.listener();
  }

  channelMark(): void {
    throw new RangeError('a hub sends no marks');
  }

  channelRequest(): void {
    throw new RangeError('a hub asks for nothing');
  }

  channelDrained(): void {
    const { waiters } = this;
    this.waiters = [];
    for (const resolve of waiters) resolve();
  }

  channelEnded(): void {
    this.ended = true;
    this.listener();
  }

  channelLost(): void {
    this.channelDrained();
    this.channelEnded();
  }
}
