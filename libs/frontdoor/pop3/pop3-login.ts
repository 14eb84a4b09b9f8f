import {
  errorLine,
  LineReader,
  okLine,
  type Pop3ResponseCode,
  Pop3SyntaxError,
  parseCommandLine,
} from '#protocol/pop3';
import type { LoginOutcome } from '../login/authenticator.ts';
import type { LoginClient, LoginDialogue, LoginInput, LoginRefusal } from '../session/protocol.ts';
import { LOGIN_COMMANDS } from './commands/index.ts';
import type { LoginSession } from './login-command.ts';

/** A SASL response of 12,288 octets (RFC 4954's figure) is the longest line a stranger may send. */
const LINE_BYTES_MAX = 16_384;

/** RFC 3206 §4: AUTH for what the user can mend, SYS for what he cannot. RFC 2449 §8.1.1: LOGIN-DELAY. */
const REFUSALS: Readonly<Record<LoginRefusal, readonly [Pop3ResponseCode, string]>> = {
  refused: ['AUTH', 'Authentication failed'],
  disabled: ['SYS/PERM', 'Account is disabled'],
  limited: ['LOGIN-DELAY', 'Too many failed sign-ins, try again later'],
  unavailable: ['SYS/TEMP', 'Accounts cannot be looked up now, try again shortly'],
  tooManySessions: ['IN-USE', 'Too many sessions of this account'],
  noOwner: ['SYS/TEMP', 'Mail storage is being moved, try again shortly'],
};

/** POP3 in AUTHORIZATION state. The `+OK` of a sign-in is the node's to say: it knows whether the maildrop is free. */
export class Pop3Login implements LoginDialogue, LoginSession {
  readonly tag = undefined;
  username: string | null = null;
  private lines = new LineReader(LINE_BYTES_MAX);
  /** The next line answers a question. */
  private asking = false;

  constructor(readonly client: LoginClient) {}

  greet(): void {
    this.answer(okLine(`${this.client.hostname} POP3 ready`));
  }

  push(chunk: Buffer): void {
    this.lines.push(chunk);
  }

  takeRest(): Buffer {
    return this.lines.takeRest();
  }

  restart(): void {
    this.lines = new LineReader(LINE_BYTES_MAX);
    this.username = null;
  }

  next(): LoginInput | undefined {
    const line = this.lines.next();
    if (!line) return undefined;
    const { asking } = this;
    this.asking = false;
    if (line.kind === 'tooLong') {
      // What was asked for is not coming: an empty line fails the exchange.
      if (asking) return { kind: 'answer', line: Buffer.alloc(0) };
      this.bad('Line too long');
      return { kind: 'handled', counts: true };
    }
    if (asking) return { kind: 'answer', line: Buffer.from(line.text) };
    const text = Buffer.from(line.text);
    return { kind: 'command', run: () => this.run(text) };
  }

  refuse(refusal: LoginRefusal): void {
    this.answer(errorLine(...REFUSALS[refusal]));
  }

  failed(error: unknown): boolean {
    if (error instanceof Pop3SyntaxError) {
      this.bad(error.message);
      return true;
    }
    this.answer(errorLine('SYS/TEMP', 'Internal error'));
    return false;
  }

  bye(text: string): void {
    this.answer(errorLine(null, text));
  }

  // What commands use.

  answer(text: string): void {
    this.client.write(text);
  }

  async ask(text: string): Promise<string | null> {
    this.asking = true;
    return (await this.client.ask(`+ ${text}\r\n`))?.toString('latin1') ?? null;
  }

  conclude(outcome: LoginOutcome): Promise<void> {
    return this.client.conclude(outcome);
  }

  private async run(text: Buffer): Promise<void> {
    const { name, rest } = parseCommandLine(text);
    const command = LOGIN_COMMANDS.get(name);
    if (!command) throw new Pop3SyntaxError('Unknown, or needs a sign-in first');
    await command.run(this, rest);
  }

  private bad(text: string): void {
    this.client.countBad();
    this.answer(errorLine(null, text));
  }
}
