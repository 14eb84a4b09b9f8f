import type { Duplex } from 'node:stream';
import { type Clock, type Deferred, deferred, type Timer } from '#stdx';
import type { RelayConnection } from './connection.ts';
import { openConnection } from './handshake.ts';
import { RelayError, type RelayMessage, type RelayOutcome } from './message.ts';
import { INNER_TIMEOUTS, type RelayTimeouts } from './settings.ts';

export interface LmtpPoolOptions {
  /** A connected socket on which the server's greeting is still to come (for a node: preface sent and `+OK` read). */
  readonly connect: () => Promise<Duplex>;
  /** Ours, in LHLO. */
  readonly clientName: string;
  readonly clock: Clock;
  /** Default 64: above it, more connections only share the same commits. */
  readonly connectionsMax?: number;
  /** Unused for so long, a connection is closed. Default 60 s, below the server's five minutes. */
  readonly idleMs?: number;
  /** Messages waiting for a connection; above it `send` throws at once. Default 10,000. */
  readonly waitersMax?: number;
  /** How long a message waits for a connection. Default 30 s: what a hub holds a client for (docs/CLUSTER.md). */
  readonly waitMs?: number;
  /** Default `INNER_TIMEOUTS`. */
  readonly timeouts?: RelayTimeouts;
}

interface Waiter extends Deferred<RelayConnection> {
  readonly timer: Timer;
}

/** Connections to one server, kept open and lent out one message at a time. */
export class LmtpPool {
  private readonly idle: { readonly connection: RelayConnection; readonly since: number }[] = [];
  private readonly waiters: Waiter[] = [];
  private readonly all = new Set<RelayConnection>();
  private opening = 0;
  private closed = false;
  private sweeper: Timer | null = null;
  private readonly connectionsMax: number;
  private readonly idleMs: number;

  constructor(private readonly options: LmtpPoolOptions) {
    this.connectionsMax = options.connectionsMax ?? 64;
    this.idleMs = options.idleMs ?? 60_000;
  }

  /** Throws `RelayError` as `RelayConnection.send` does, and with phase `connect` when no connection could be had. */
  async send(message: RelayMessage): Promise<RelayOutcome> {
    const connection = this.takeIdle() ?? (await this.acquire());
    try {
      return await connection.send(message);
    } finally {
      this.release(connection);
    }
  }

  /** Connections open now, and messages waiting for one. */
  get figures(): { readonly connections: number; readonly idle: number; readonly waiting: number } {
    return { connections: this.all.size, idle: this.idle.length, waiting: this.waiters.length };
  }

  /** Closes idle connections at once and the others after their message; refuses what waits and what comes. */
  close(): void {
    this.closed = true;
    this.sweeper?.cancel();
    for (const { connection } of this.idle.splice(0)) this.drop(connection);
    for (const waiter of this.waiters.splice(0)) this.refuse(waiter, 'pool is closed');
  }

  private takeIdle(): RelayConnection | undefined {
    for (;;) {
      const connection = this.idle.pop()?.connection;
      if (!connection || connection.usable) return connection;
      this.drop(connection);
    }
  }

  private acquire(): Promise<RelayConnection> {
    if (this.closed) return Promise.reject(unavailable('pool is closed'));
    if (this.waiters.length >= (this.options.waitersMax ?? 10_000))
      return Promise.reject(unavailable('too many messages are waiting for a connection'));
    const timer = this.options.clock.after(this.options.waitMs ?? 30_000, () => {
      this.waiters.splice(this.waiters.indexOf(waiter), 1);
      this.refuse(waiter, 'no connection in time');
    });
    const waiter: Waiter = { ...deferred<RelayConnection>(), timer };
    this.waiters.push(waiter);
    this.grow();
    return waiter.promise;
  }

  /** Opens as many connections as there are waiters and room. */
  private grow(): void {
    while (this.opening < this.waiters.length && this.all.size + this.opening < this.connectionsMax) {
      this.opening++;
      void this.open();
    }
  }

  private async open(): Promise<void> {
    const { connect, clientName, clock, timeouts = INNER_TIMEOUTS } = this.options;
    try {
      const socket = await connect();
      const connection = await openConnection(socket, {
        protocol: 'lmtp',
        clock,
        timeouts,
        chunking: true,
        clientName,
      });
      this.opening--;
      this.all.add(connection);
      connection.onLost = () => this.forget(connection);
      this.release(connection);
    } catch (error) {
      this.opening--;
      const waiter = this.waiters.shift();
      waiter?.timer.cancel();
      waiter?.reject(
        error instanceof RelayError
          ? error
          : new RelayError('connect', false, `connect: ${reason(error)}`, { cause: error }),
      );
      this.grow();
    }
  }

  private release(connection: RelayConnection): void {
    if (!connection.usable || this.closed) {
      this.drop(connection);
      if (!this.closed) this.grow();
      return;
    }
    const waiter = this.waiters.shift();
    if (waiter) {
      waiter.timer.cancel();
      waiter.resolve(connection);
      return;
    }
    this.idle.push({ connection, since: this.options.clock.monotonic() });
    this.sweeper ??= this.options.clock.after(this.idleMs, () => this.sweep());
  }

  /** The longest unused are at the front. */
  private sweep(): void {
    this.sweeper = null;
    const now = this.options.clock.monotonic();
    while (this.idle.length > 0 && now - this.idle[0]!.since >= this.idleMs) this.drop(this.idle.shift()!.connection);
    const first = this.idle[0];
    if (first) this.sweeper = this.options.clock.after(this.idleMs - (now - first.since), () => this.sweep());
  }

  private drop(connection: RelayConnection): void {
    this.all.delete(connection);
    connection.onLost = () => {};
    connection.quit();
  }

  private forget(connection: RelayConnection): void {
    this.all.delete(connection);
    const at = this.idle.findIndex((entry) => entry.connection === connection);
    if (at >= 0) this.idle.splice(at, 1);
  }

  private refuse(waiter: Waiter, text: string): void {
    waiter.timer.cancel();
    waiter.reject(unavailable(text));
  }
}

const reason = (error: unknown): string => (error instanceof Error ? error.message : String(error));
const unavailable = (text: string): RelayError => new RelayError('connect', false, `connect: ${text}`);
