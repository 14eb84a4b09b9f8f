import type { ClientConnection } from './connection.ts';

/** Cuts what a client sends into what it says. */
export interface Framer<Event> {
  push(chunk: Uint8Array): void;
  /** The next thing that is whole. */
  next(): Event | undefined;
}

/** The client's side of a connection, pulled: nothing is read from the network while a command is at work. */
export class PulledInput<Event> {
  private waiter: (() => void) | null = null;
  /** Woken while nobody slept: the next `wait` returns at once. */
  private woken = false;

  constructor(
    private readonly connection: ClientConnection,
    private readonly framer: Framer<Event>,
  ) {
    connection.onReadable(() => this.wake());
  }

  /** The next thing said if it can be had without waiting; `null` when the client has ended. */
  poll(): Event | null | undefined {
    this.woken = false;
    for (;;) {
      const event = this.framer.next();
      if (event) return event;
      const chunk = this.connection.read();
      if (!chunk) return chunk;
      this.framer.push(chunk);
    }
  }

  /** Sleeps until `poll` may have something, or `wake`. */
  wait(): Promise<void> {
    if (this.woken) return Promise.resolve();
    return new Promise((resolve) => {
      this.waiter = resolve;
    });
  }

  wake(): void {
    const { waiter } = this;
    this.waiter = null;
    if (waiter) waiter();
    else this.woken = true;
  }
}
