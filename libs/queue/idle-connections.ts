import type { RelayConnection } from '#relay';
import type { Clock, Timer } from '#stdx';

/** How long a connection waits for another message to the same server: Postfix's smtp_connection_cache_time_limit is 2 s. */
const IDLE_MS = 3_000;
/** Messages over one connection, so that its server can balance its load. */
const MESSAGES_MAX = 100;

interface Idle {
  readonly connection: RelayConnection;
  readonly timer: Timer;
}

/** Outbound connections kept for a moment after a message, because the next is often for the same server. */
export class IdleConnections {
  private readonly byServer = new Map<string, Idle[]>();
  private readonly uses = new WeakMap<RelayConnection, number>();

  constructor(private readonly clock: Clock) {}

  take(key: string): RelayConnection | undefined {
    const waiting = this.byServer.get(key);
    for (;;) {
      const idle = waiting?.pop();
      if (waiting?.length === 0) this.byServer.delete(key);
      if (!idle) return undefined;
      idle.timer.cancel();
      if (idle.connection.usable) return idle.connection;
      idle.connection.destroy();
    }
  }

  put(key: string, connection: RelayConnection): void {
    const uses = (this.uses.get(connection) ?? 0) + 1;
    this.uses.set(connection, uses);
    if (!connection.usable || uses >= MESSAGES_MAX) {
      connection.quit();
      return;
    }
    const waiting = this.byServer.get(key) ?? [];
    this.byServer.set(key, waiting);
    const idle: Idle = {
      connection,
      timer: this.clock.after(IDLE_MS, () => {
        waiting.splice(waiting.indexOf(idle), 1);
        if (waiting.length === 0 && this.byServer.get(key) === waiting) this.byServer.delete(key);
        connection.quit();
      }),
    };
    waiting.push(idle);
  }

  close(): void {
    for (const { connection, timer } of [...this.byServer.values()].flat()) {
      timer.cancel();
      connection.quit();
    }
    this.byServer.clear();
  }
}
