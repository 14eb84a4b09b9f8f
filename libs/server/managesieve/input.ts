import type { ClientConnection } from '#connection';
import { type ManageSieveEvent, ManageSieveFramer, type ManageSieveSyntaxLimits } from '#protocol/managesieve';

/** The client's side of a connection, pulled: nothing is read from the network while a command is at work. */
export class ManageSieveInput {
  private readonly framer: ManageSieveFramer;
  private waiter: (() => void) | null = null;
  /** Woken while nobody slept: the next `wait` returns at once. */
  private woken = false;

  constructor(
    private readonly connection: ClientConnection,
    limits: ManageSieveSyntaxLimits,
  ) {
    this.framer = new ManageSieveFramer(limits);
    connection.onReadable(() => this.wake());
  }

  /** The next event if it can be had without waiting. */
  poll(): ManageSieveEvent | { readonly kind: 'closed' } | undefined {
    this.woken = false;
    for (;;) {
      const event = this.framer.next();
      if (event) return event;
      const chunk = this.connection.read();
      if (chunk === undefined) return undefined;
      if (chunk === null) return { kind: 'closed' };
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
