import type { Duplex } from 'node:stream';
import { type SecureContext, TLSSocket } from 'node:tls';
import { channelBindings } from '#protocol/sasl';
import type { SmtpTls } from '#protocol/smtp';

export interface ChannelEvents {
  data(chunk: Buffer): void;
  /** The other side will send no more. */
  end(): void;
  /** Written bytes have gone; there is room again. */
  drained(): void;
  secured(): void;
  closed(error: Error | null): void;
}

/** A session's socket: replies gathered into one write each turn, reading that can be paused, TLS that can be put on. */
export class Channel {
  private out = '';
  private flushing = false;
  private paused = false;
  private error: Error | null = null;
  private done = false;

  constructor(
    private socket: Duplex,
    private readonly events: ChannelEvents,
  ) {
    this.listen();
  }

  /** The other side does not take what has been written. */
  blocked = false;

  get tls(): SmtpTls | null {
    const { socket } = this;
    if (!(socket instanceof TLSSocket)) return null;
    return {
      protocol: socket.getProtocol() ?? 'unknown',
      cipher: socket.getCipher()?.name ?? 'unknown',
      get channelBindings() {
        return channelBindings(socket);
      },
    };
  }

  /** Sent at the end of the turn, with whatever else was written in it (RFC 2920 §3.2: replies may share a packet). */
  write(text: string): void {
    this.out += text;
    if (this.flushing) return;
    this.flushing = true;
    process.nextTick(() => this.flush());
  }

  private flush(): void {
    this.flushing = false;
    if (this.out === '' || this.done || !this.socket.writable) return;
    const text = this.out;
    this.out = '';
    if (!this.socket.write(text, 'latin1')) this.blocked = true;
  }

  pause(): void {
    if (this.paused) return;
    this.paused = true;
    this.socket.pause();
  }

  resume(): void {
    if (!this.paused) return;
    this.paused = false;
    this.socket.resume();
  }

  /** Server side of a handshake over the same connection. */
  upgrade(secureContext: SecureContext): void {
    this.flush();
    const plain = this.socket;
    // Errors and the close of the plain socket still count; its bytes now belong to TLS.
    plain.off('data', this.onData).off('end', this.onEnd).off('drain', this.onDrain);
    plain.pause();
    const secure = new TLSSocket(plain, { isServer: true, secureContext });
    this.socket = secure;
    this.paused = false;
    this.listen();
    secure.once('secure', () => this.events.secured());
  }

  /** Sends what is written, then closes. */
  end(): void {
    this.flush();
    if (!this.done) this.socket.end();
  }

  destroy(): void {
    this.socket.destroy();
  }

  private readonly onData = (chunk: Buffer): void => this.events.data(chunk);
  private readonly onEnd = (): void => this.events.end();

  private readonly onDrain = (): void => {
    this.blocked = false;
    this.events.drained();
  };

  private readonly onError = (error: Error): void => {
    this.error ??= error;
    this.socket.destroy();
  };

  private readonly onClose = (): void => {
    if (this.done) return;
    this.done = true;
    this.events.closed(this.error);
  };

  private listen(): void {
    this.socket.on('error', this.onError).on('close', this.onClose);
    this.socket.on('data', this.onData).on('end', this.onEnd).on('drain', this.onDrain);
    // Whoever read a preface before us left it paused.
    this.socket.resume();
  }
}
