import type { LoginOutcome } from '../login/authenticator.ts';
import type { LoginClient } from '../session/protocol.ts';

/** What a command before login may do with its connection. */
export interface LoginSession {
  readonly client: LoginClient;
  /** The name USER gave, until PASS uses it. */
  username: string | null;
  /** A whole answer, line ends included. */
  answer(text: string): void;
  /** Sends `+ text` and waits for the line that answers it; `null` when it is not to come. */
  ask(text: string): Promise<string | null>;
  /** Answers the outcome; on success hands the connection over. */
  conclude(outcome: LoginOutcome): Promise<void>;
}

/** A command as the table knows it. `run` throws `Pop3SyntaxError` for what cannot be read. */
export interface LoginCommand {
  /** Upper case. */
  readonly name: string;
  run(session: LoginSession, rest: Buffer): void | Promise<void>;
}
