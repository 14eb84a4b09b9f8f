import { type ClientConnection, PulledInput } from '#connection';
import { CommandFramer, type FrameEvent, type ImapSyntaxLimits } from '#protocol/imap';

/** What a session reads: the client's frames, or why there are no more. */
export type InputEvent = FrameEvent | { readonly kind: 'closed' };

/** The client's frames, pulled, and what becomes of literals that are announced. */
export class ImapInput {
  private readonly framer: CommandFramer;
  private readonly pulled: PulledInput<FrameEvent>;

  constructor(connection: ClientConnection, limits: ImapSyntaxLimits) {
    this.framer = new CommandFramer(limits);
    this.pulled = new PulledInput(connection, this.framer);
  }

  /** The next event if it can be had without waiting. */
  poll(): InputEvent | undefined {
    const event = this.pulled.poll();
    return event === null ? { kind: 'closed' } : event;
  }

  /** Sleeps until `poll` may have something, or `wake`. */
  wait(): Promise<void> {
    return this.pulled.wait();
  }

  wake(): void {
    this.pulled.wake();
  }

  expectLine(): void {
    this.framer.expectLine();
  }

  acceptLiteral(as: 'argument' | 'stream'): void {
    this.framer.acceptLiteral(as);
  }

  refuseLiteral(): void {
    this.framer.refuseLiteral();
  }
}
