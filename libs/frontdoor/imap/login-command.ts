import type { ArgumentReader } from '#protocol/imap';
import type { LoginOutcome } from '../login/authenticator.ts';
import type { LoginClient } from '../session/protocol.ts';

/** What a command before login may do with its connection. */
export interface LoginSession {
  readonly client: LoginClient;
  capabilities(): string;
  /** `* …` without the star. */
  untagged(text: string): void;
  /** The tagged answer, without its tag. */
  answer(text: string): void;
  /** Sends `+ text` and waits for the line that answers it; `null` when it is not to come. */
  ask(text: string): Promise<string | null>;
  /** Answers the outcome; on success hands the connection over. */
  conclude(outcome: LoginOutcome): Promise<void>;
}

/** A command as the table knows it. `run` throws `ImapSyntaxError` for BAD. */
export interface LoginCommand {
  readonly name: string;
  run(session: LoginSession, reader: ArgumentReader): void | Promise<void>;
}
