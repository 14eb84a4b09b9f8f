import type { ArgumentReader } from '#protocol/imap';
import type { LoginOutcome } from '../login/authenticator.ts';

/** What a command before login may do with its connection. */
export interface LoginSession {
  readonly secure: boolean;
  readonly startTlsOffered: boolean;
  /** Passwords may be sent on this connection as it is. */
  readonly loginAllowed: boolean;
  capabilities(): string;
  /** `* …` without the star. */
  untagged(text: string): void;
  /** The tagged answer, without its tag. */
  answer(text: string): void;
  /** Sends `+ text` and waits for the line that answers it; `null` when it is not to come. */
  ask(text: string): Promise<Buffer | null>;
  authenticate(username: string, password: string): Promise<LoginOutcome>;
  /** Answers the outcome; on success hands the connection over. */
  conclude(outcome: LoginOutcome): Promise<void>;
  startTls(): void;
  /** Ends the connection after what is written. */
  end(): void;
}

/** A command as the table knows it. `run` throws `ImapSyntaxError` for BAD. */
export interface LoginCommand {
  readonly name: string;
  run(session: LoginSession, reader: ArgumentReader): void | Promise<void>;
}
