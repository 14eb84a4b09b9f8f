import {
  formatCapabilities,
  formatResponse,
  formatString,
  type ManageSieveCode,
  type ManageSieveEvent,
  ManageSieveFramer,
} from '#protocol/managesieve';
import { SIEVE_LIMITS, sieveCapabilities } from '#protocol/sieve';
import type { LoginOutcome } from '../login/authenticator.ts';
import type { LoginClient, LoginDialogue, LoginInput, LoginRefusal } from '../session/protocol.ts';
import { LOGIN_COMMANDS } from './commands/index.ts';
import type { LoginSession } from './login-command.ts';

/** What a stranger may send: a SASL initial response of 12,288 octets (RFC 4954's figure), and nothing that is kept for long. */
const LIMITS = { lineBytesMax: 4_096, literalBytesMax: 16_384, discardedBytesMax: 65_536, argumentsMax: 4 };

const REFUSALS: Readonly<Record<LoginRefusal, readonly [string, ManageSieveCode?]>> = {
  refused: ['Authentication failed'],
  disabled: ['Account is disabled'],
  limited: ['Too many failed sign-ins, try again later', 'TRYLATER'],
  unavailable: ['Accounts cannot be looked up now, try again shortly', 'TRYLATER'],
  tooManySessions: ['Too many sessions of this account', 'TRYLATER'],
  noOwner: ['Mail storage is being moved, try again shortly', 'TRYLATER'],
};

/** ManageSieve before login. The OK of a sign-in is the node's to say. */
export class ManageSieveLogin implements LoginDialogue, LoginSession {
  readonly tag = undefined;
  private framer = new ManageSieveFramer(LIMITS);

  constructor(readonly client: LoginClient) {}

  /** RFC 5804 §1.7: capabilities, then OK. */
  greet(): void {
    this.client.write(this.capabilities());
    this.answer('OK', `${this.client.hostname} ready`);
  }

  push(chunk: Buffer): void {
    this.framer.push(chunk);
  }

  takeRest(): Buffer {
    return this.framer.takeRest();
  }

  restart(): void {
    this.framer = new ManageSieveFramer(LIMITS);
  }

  /** RFC 5804 §2.2: under TLS the capabilities are told anew. */
  secured(): void {
    this.client.write(this.capabilities());
    this.answer('OK', 'TLS negotiation successful');
  }

  next(): LoginInput | undefined {
    const event = this.framer.next();
    return event && this.read(event);
  }

  refuse(refusal: LoginRefusal): void {
    this.answer('NO', ...REFUSALS[refusal]);
  }

  failed(): boolean {
    this.answer('NO', 'Internal error');
    return false;
  }

  bye(text: string): void {
    this.client.write(formatResponse('BYE', text));
  }

  // What commands use.

  capabilities(): string {
    const { secure, loginAllowed, mechanisms } = this.client;
    return formatCapabilities({
      sieve: sieveCapabilities(),
      sasl: loginAllowed ? mechanisms : [],
      startTls: !secure,
      redirectsMax: SIEVE_LIMITS.redirectsMax,
      unauthenticate: true,
    });
  }

  answer(status: 'OK' | 'NO', text: string, code?: ManageSieveCode): void {
    this.client.write(formatResponse(status, text, code));
  }

  async ask(challenge: string): Promise<string | null> {
    this.framer.expectAnswer();
    return (await this.client.ask(`${formatString(challenge)}\r\n`))?.toString('latin1') ?? null;
  }

  conclude(outcome: LoginOutcome): Promise<void> {
    return this.client.conclude(outcome);
  }

  private read(event: ManageSieveEvent): LoginInput {
    switch (event.kind) {
      case 'answer':
        return { kind: 'answer', line: event.bytes };
      case 'fault':
        this.bad(event.text);
        return { kind: 'handled', counts: true };
      case 'overrun':
        this.client.bye('Command is too long');
        return { kind: 'handled', counts: false };
      case 'command': {
        const command = LOGIN_COMMANDS.get(event.name);
        if (command) return { kind: 'command', run: () => command.run(this, event.arguments) };
        this.bad('Unknown command, or one that needs a sign-in first');
        return { kind: 'handled', counts: true };
      }
    }
  }

  private bad(text: string): void {
    this.client.countBad();
    this.answer('NO', text);
  }
}
