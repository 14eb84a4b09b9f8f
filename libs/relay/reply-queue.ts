import type { Duplex } from 'node:stream';
import { ReplyReader, type SmtpReply } from '#protocol/smtp';
import type { Clock, Timer } from '#stdx';

interface Wait {
  readonly count: number;
  readonly deadline: number;
  resolve(replies: readonly SmtpReply[]): void;
  reject(error: Error): void;
}

/** The other side's replies in order, waited for by number: one wait at a time, with one timer behind them all. */
export class ReplyQueue {
  /** Why no more replies will come; `null` while they may. */
  failure: Error | null = null;
  private received: SmtpReply[] = [];
  private wait: Wait | null = null;
  private timer: Timer | null = null;
  private last: SmtpReply | null = null;
  private readonly reader = new ReplyReader((reply) => this.accept(reply));

  constructor(
    private readonly socket: Duplex,
    private readonly clock: Clock,
    /** Called once, when `failure` is set. */
    private readonly onFailure: () => void,
  ) {
    socket.on('data', this.onData).on('end', this.onEnd).on('close', this.onEnd).on('error', this.fail);
    // Whoever read the preface's answer left it paused.
    socket.resume();
  }

  /** Gives the socket up, for TLS to take. Returns how many replies nobody had asked for: after STARTTLS there must be none. */
  detach(): number {
    this.socket.off('data', this.onData).off('end', this.onEnd).off('close', this.onEnd);
    this.timer?.cancel();
    return this.received.length;
  }

  /** Replies that came and nobody has taken. */
  get unclaimed(): number {
    return this.received.length;
  }

  /** The next `count` replies. After a 421 the server owes none: it stands for those that are missing (RFC 5321 §3.8). */
  next(count: number, timeoutMs: number): Promise<readonly SmtpReply[]> {
    if (this.received.length >= count) return Promise.resolve(this.received.splice(0, count));
    if (this.failure) {
      const filled = this.filled(count);
      return filled ? Promise.resolve(filled) : Promise.reject(this.failure);
    }
    return new Promise((resolve, reject) => {
      this.wait = { count, deadline: this.clock.monotonic() + timeoutMs, resolve, reject };
      this.watch(timeoutMs);
    });
  }

  private readonly onData = (chunk: Buffer): void => {
    try {
      this.reader.push(chunk);
    } catch (error) {
      this.fail(error as Error);
    }
  };

  private readonly onEnd = (): void => this.fail(new Error('connection closed by the other side'));

  private accept(reply: SmtpReply): void {
    this.last = reply;
    this.received.push(reply);
    const { wait } = this;
    if (!wait || this.received.length < wait.count) return;
    this.wait = null;
    wait.resolve(this.received.splice(0, wait.count));
  }

  readonly fail = (error: Error): void => {
    if (this.failure) return;
    this.failure = error;
    this.timer?.cancel();
    const { wait } = this;
    this.wait = null;
    if (wait) {
      const filled = this.filled(wait.count);
      if (filled) wait.resolve(filled);
      else wait.reject(error);
    }
    this.onFailure();
  };

  private filled(count: number): readonly SmtpReply[] | null {
    const { last } = this;
    if (last?.code !== 421) return null;
    const replies = this.received.splice(0, count);
    while (replies.length < count) replies.push(last);
    return replies;
  }

  private watch(delayMs: number): void {
    if (this.timer) return;
    this.timer = this.clock.after(delayMs, () => {
      this.timer = null;
      if (!this.wait) return;
      const leftMs = this.wait.deadline - this.clock.monotonic();
      if (leftMs > 0) this.watch(leftMs);
      else this.fail(new Error('no answer in time'));
    });
  }
}
