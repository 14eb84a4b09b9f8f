import type { ConnectionOutput } from '#connection';
import type { MailStore } from '#mailstore/api';
import type { RequestContext } from '#stdx';
import type { Maildrop } from './maildrop.ts';

/** The session as commands see it. */
export interface CommandSession {
  readonly store: MailStore;
  readonly context: RequestContext;
  readonly maildrop: Maildrop;
  readonly out: ConnectionOutput;
  /** Waits for room once much is gathered: await it between the lines of any long answer. */
  drained(): Promise<void>;
  /** Ends the session at once, in mid-answer: its rest cannot be had. */
  breakOff(error: unknown): never;
  /** Ends the session after the current answer. */
  quit(): void;
}

/** One row of the command table. Commands parse, ask the store and answer through `out`; refusals they throw. */
export interface Pop3Command<A> {
  /** Upper case. */
  readonly name: string;
  /** Where it is defined. */
  readonly rfc: string;
  /** `rest` is what follows the name. Throws `Pop3SyntaxError`. */
  parse(rest: Buffer): A;
  run(session: CommandSession, args: A): void | Promise<void>;
}
