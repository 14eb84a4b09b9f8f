import type { ClientConnection } from '#connection';
import { LineReader, type Pop3Line } from '#protocol/pop3';

/** The client's side of a connection, pulled: nothing is read from the network while a command is at work. */
export class Pop3Input {
  private readonly lines: LineReader;
  private waiter: (() => void) | null = null;
  /** Woken while nobody slept: the next `wait` returns at once. */
  private woken = false;

  constructor(
    private readonly connection: ClientConnection,
    lineBytesMax: number,
  ) {
    this.lines = new LineReader(lineBytesMax);
    connection.onReadable(() => this.wake());
  }

  /** The next line if it can be had without waiting; `null` when the client has ended. */
  poll(): Pop3Line | null | undefined {
    this.woken = false;
    for (;;) {
      const line = this.lines.next();
      if (line) return line;
      const chunk = this.connection.read();
      if (!chunk) return chunk;
      this.lines.push(chunk);
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
