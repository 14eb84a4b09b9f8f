import {
  ArgumentReader,
  CommandFramer,
  commandTag,
  type FrameEvent,
  ImapSyntaxError,
  preLoginCapabilities,
} from '#protocol/imap';
import type { LoginOutcome } from '../login/authenticator.ts';
import type { LoginClient, LoginDialogue, LoginInput, LoginRefusal } from '../session/protocol.ts';
import { LOGIN_COMMANDS } from './commands/index.ts';
import { LOGIN_SYNTAX_LIMITS } from './limits.ts';
import type { LoginSession } from './login-command.ts';

/** RFC 5530 §3. */
const REFUSALS: Readonly<Record<LoginRefusal, string>> = {
  refused: 'NO [AUTHENTICATIONFAILED] Authentication failed',
  disabled: 'NO [CONTACTADMIN] Account is disabled',
  limited: 'NO [LIMIT] Too many failed sign-ins, try again later',
  unavailable: 'NO [UNAVAILABLE] Accounts cannot be looked up now, try again shortly',
  tooManySessions: 'NO [LIMIT] Too many sessions of this account',
  noOwner: 'NO [UNAVAILABLE] Mail storage is being moved, try again shortly',
};

/** IMAP before login. The OK of a sign-in is the node's to say: it knows what the session can do there. */
export class ImapLogin implements LoginDialogue, LoginSession {
  tag = '*';
  private framer = new CommandFramer(LOGIN_SYNTAX_LIMITS);

  constructor(readonly client: LoginClient) {}

  greet(): void {
    this.untagged(`OK [CAPABILITY ${this.capabilities()}] ${this.client.hostname} ready`);
  }

  push(chunk: Buffer): void {
    this.framer.push(chunk);
  }

  takeRest(): Buffer {
    return this.framer.takeRest();
  }

  restart(): void {
    this.framer = new CommandFramer(LOGIN_SYNTAX_LIMITS);
  }

  next(): LoginInput | undefined {
    const event = this.framer.next();
    return event && this.read(event);
  }

  refuse(refusal: LoginRefusal): void {
    this.answer(REFUSALS[refusal]);
  }

  failed(error: unknown): boolean {
    const syntax = error instanceof ImapSyntaxError;
    this.answer(syntax ? `BAD ${error.message}` : 'NO [SERVERBUG] Internal error');
    return syntax;
  }

  bye(text: string): void {
    this.untagged(`BYE ${text}`);
  }

  // What commands use.

  capabilities(): string {
    return preLoginCapabilities({
      tlsActive: this.client.secure,
      startTls: true,
      plainLogin: this.client.loginAllowed,
      mechanisms: this.client.mechanisms,
    }).join(' ');
  }

  untagged(text: string): void {
    this.client.write(`* ${text}\r\n`);
  }

  answer(text: string): void {
    if (text.startsWith('BAD')) this.client.countBad();
    this.client.write(`${this.tag} ${text}\r\n`);
  }

  async ask(text: string): Promise<string | null> {
    this.framer.expectLine();
    return (await this.client.ask(`+ ${text}\r\n`))?.toString('latin1') ?? null;
  }

  conclude(outcome: LoginOutcome): Promise<void> {
    return this.client.conclude(outcome);
  }

  private read(event: FrameEvent): LoginInput {
    switch (event.kind) {
      case 'line':
        return { kind: 'answer', line: Buffer.from(event.text) };
      case 'command':
        return { kind: 'command', run: () => this.run(event.text) };
      case 'literal':
        this.takeLiteral(event);
        return { kind: 'handled', counts: false };
      case 'skipped':
        this.answer('BAD Literal too long');
        return { kind: 'handled', counts: true };
      case 'fault':
        this.tag = event.tag ?? '*';
        this.answer(event.fault === 'bareLf' ? 'BAD Lines end with CR LF' : 'BAD Command too long');
        return { kind: 'handled', counts: true };
      case 'overrun':
      case 'bytes':
        this.client.bye('Too many bytes');
        return { kind: 'handled', counts: false };
    }
  }

  private takeLiteral(event: FrameEvent & { kind: 'literal' }): void {
    this.tag = commandTag(event.text()) ?? '*';
    if (event.header.size > LOGIN_SYNTAX_LIMITS.argumentLiteralBytesMax) {
      this.framer.refuseLiteral();
      return;
    }
    this.framer.acceptLiteral('argument');
    if (event.header.synchronizing) this.client.write('+ OK\r\n');
  }

  private async run(text: Buffer): Promise<void> {
    this.tag = commandTag(text) ?? '*';
    if (this.tag === '*') throw new ImapSyntaxError('Every command begins with a tag');
    const reader = new ArgumentReader(text);
    reader.tag();
    reader.space();
    const name = reader.keyword('a command');
    const command = LOGIN_COMMANDS.get(name);
    if (!command) throw new ImapSyntaxError(`${name.slice(0, 20)} is unknown or needs a login first`);
    // `Arguments` begin with the space before them.
    if (!reader.atEnd) reader.space();
    await command.run(this, reader);
  }
}
