import type { ManageSieveArgument, ManageSieveCode } from '#protocol/managesieve';
import type { LoginOutcome } from '../login/authenticator.ts';
import type { LoginClient } from '../session/protocol.ts';

/** What a command before login may do with its connection. */
export interface LoginSession {
  readonly client: LoginClient;
  /** The lines of a capability response, without its OK. */
  capabilities(): string;
  answer(status: 'OK' | 'NO', text: string, code?: ManageSieveCode): void;
  /** Sends a SASL challenge in base64 and waits for the string that answers it; `null` when it is not to come. */
  ask(challenge: string): Promise<string | null>;
  /** Answers the outcome; on success hands the connection over. */
  conclude(outcome: LoginOutcome): Promise<void>;
}

/** A command as the table knows it. */
export interface LoginCommand {
  readonly name: string;
  run(session: LoginSession, args: readonly ManageSieveArgument[]): void | Promise<void>;
}

/** Text of the strings a command was given; `undefined` when one is none, or there are more or fewer than may be. */
export function stringsOf(
  args: readonly ManageSieveArgument[],
  countMin: number,
  countMax: number,
): readonly string[] | undefined {
  if (args.length < countMin || args.length > countMax) return undefined;
  const texts = args.flatMap((each) => (each.kind === 'string' ? each.bytes.toString() : []));
  return texts.length === args.length ? texts : undefined;
}
