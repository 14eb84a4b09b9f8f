import type { StoredMessage } from '#mailstore/api';
import type { CommandSession } from '../command.ts';
import { closePiece, type Piece, SMALL_BYTES } from './piece.ts';
import { openPiece } from './pieces.ts';
import type { FetchPlan } from './plan.ts';

/** How far ahead of the message being sent others are read. The store reads together what is asked for together. */
const MESSAGES_MAX = 64;
const BYTES_MAX = 1024 * 1024;

/** Sections of one message; an error is a value, so that a read that nobody awaits yet does not end the process. */
export type Opened = readonly Piece[] | Error;

/** Reads the sections a FETCH answers with, in the order of the messages, some ahead of the one that is sent. */
export class ReadAhead {
  private readonly begun: { readonly opened: Promise<Opened>; readonly bytes: number }[] = [];
  private bytes = 0;
  private at = 0;

  constructor(
    private readonly session: CommandSession,
    private readonly plan: FetchPlan,
    private readonly messages: readonly StoredMessage[],
  ) {}

  /** Of the next message. */
  async next(): Promise<Opened> {
    if (!this.plan.hasBytes) return [];
    // More are begun when half of them are sent, so that they are many.
    if (this.begun.length <= MESSAGES_MAX / 2 && this.bytes <= BYTES_MAX / 2) this.begin();
    const { opened, bytes } = this.begun.shift()!;
    this.bytes -= bytes;
    return opened;
  }

  /** Nobody will read what has been begun. */
  abandon(): void {
    for (const { opened } of this.begun.splice(0))
      void opened.then((pieces) => (pieces instanceof Error ? undefined : Promise.all(pieces.map(closePiece))));
  }

  private begin(): void {
    const { begun, messages } = this;
    while (this.at < messages.length && begun.length < MESSAGES_MAX && (begun.length === 0 || this.bytes < BYTES_MAX)) {
      const message = messages[this.at++]!;
      const bytes = Math.min(message.size, 2 * SMALL_BYTES);
      this.bytes += bytes;
      begun.push({ opened: this.open(message), bytes });
    }
  }

  private open(message: StoredMessage): Promise<Opened> {
    const { session, plan } = this;
    return Promise.all(
      plan.steps.filter((step) => step.kind === 'bytes').map((step) => openPiece(session.store, message, step.item)),
    ).catch((error: unknown) => (error instanceof Error ? error : new Error(String(error))));
  }
}
