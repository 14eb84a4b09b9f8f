import type { Socket } from 'node:net';
import { TLSSocket, type TLSSocketOptions } from 'node:tls';
import type { AccountRoute } from '#directory/api';
import {
  ArgumentReader,
  CommandFramer,
  commandTag,
  type FrameEvent,
  ImapSyntaxError,
  preLoginCapabilities,
} from '#protocol/imap';
import { type Deferred, deferred, type Logger } from '#stdx';
import type { Deadlined } from '../listening/deadline-wheel.ts';
import type { LoginOutcome } from '../login/authenticator.ts';
import type { SessionLeg } from '../routing/session-legs.ts';
import { MECHANISMS } from './commands/authenticate.ts';
import type { LoginCommand, LoginSession } from './login-command.ts';
import { type ImapFrontSettings, LOGIN_SYNTAX_LIMITS } from './settings.ts';

/** The other end of a connection. */
export interface ImapPeer {
  readonly address: string;
  readonly sessionId: string;
}

/** What a connection before login needs of its front. */
export interface LoginFront {
  readonly commands: ReadonlyMap<string, LoginCommand>;
  readonly settings: ImapFrontSettings;
  readonly tlsOptions: TLSSocketOptions;
  readonly logger: Logger;
  /** Monotonic, milliseconds. */
  now(): number;
  authenticate(peer: ImapPeer, username: string, password: string): Promise<LoginOutcome>;
  /** A leg for a session that begins; `undefined` when nobody serves the account in time. */
  openLeg(peer: ImapPeer, route: AccountRoute, tls: boolean, tag: string): Promise<SessionLeg | undefined>;
  /** Takes a connection that has signed in: `rest` is what it sent behind its login. */
  hold(
    socket: Socket,
    leg: SessionLeg,
    route: AccountRoute,
    peer: ImapPeer,
    client: { readonly rest: Buffer; readonly ended: boolean; readonly tls: boolean },
  ): void;
  forgetLogin(login: Deadlined): void;
  /** Destroys a connection that was ended and does not close. */
  linger(socket: Socket): void;
}

/**
 * An IMAP connection before login. One command at a time: while one is at work the client is not read, so that what it has
 * sent behind its LOGIN waits, and goes to the node whole.
 */
export class ImapLogin implements LoginSession, Deadlined {
  deadline: number;
  private framer = new CommandFramer(LOGIN_SYNTAX_LIMITS);
  private readonly asked: { line: Deferred<Buffer | null> | undefined } = { line: undefined };
  private tag = '*';
  private busy = false;
  private inputEnded = false;
  private over = false;
  private commands = 0;
  private badCommands = 0;
  private failures = 0;

  constructor(
    private socket: Socket,
    readonly peer: ImapPeer,
    private readonly front: LoginFront,
  ) {
    this.deadline = front.now() + front.settings.loginMs;
    this.listen();
    this.untagged(`OK [CAPABILITY ${this.capabilities()}] ${front.settings.hostname} ready`);
  }

  get secure(): boolean {
    return this.socket instanceof TLSSocket;
  }

  get startTlsOffered(): boolean {
    return !this.secure;
  }

  get loginAllowed(): boolean {
    return this.secure || this.front.settings.plainLogin;
  }

  capabilities(): string {
    return preLoginCapabilities({
      tlsActive: this.secure,
      startTls: true,
      plainLogin: this.front.settings.plainLogin,
      mechanisms: MECHANISMS.map(({ name }) => name),
    }).join(' ');
  }

  untagged(text: string): void {
    this.write(`* ${text}\r\n`);
  }

  answer(text: string): void {
    if (text.startsWith('BAD')) this.badCommands++;
    this.write(`${this.tag} ${text}\r\n`);
  }

  ask(text: string): Promise<Buffer | null> {
    this.write(`+ ${text}\r\n`);
    this.framer.expectLine();
    const line = deferred<Buffer | null>();
    this.asked.line = line;
    if (this.over) line.resolve(null);
    // The line may be here already.
    setImmediate(() => this.advance());
    this.socket.resume();
    return line.promise;
  }

  async authenticate(username: string, password: string): Promise<LoginOutcome> {
    return this.front.authenticate(this.peer, username, password);
  }

  async conclude(outcome: LoginOutcome): Promise<void> {
    switch (outcome.kind) {
      case 'accepted': {
        this.deadline = Number.POSITIVE_INFINITY;
        const leg = await this.front.openLeg(this.peer, outcome.route, this.secure, this.tag);
        if (this.over) leg?.socket.destroy();
        else if (!leg) this.refused('NO [UNAVAILABLE] Mail storage is being moved, try again shortly');
        else {
          const rest = this.framer.takeRest();
          this.release();
          this.front.hold(this.socket, leg, outcome.route, this.peer, {
            rest,
            ended: this.inputEnded,
            tls: this.secure,
          });
        }
        return;
      }
      // RFC 5530 §3.
      case 'refused':
        return this.refused('NO [AUTHENTICATIONFAILED] Authentication failed');
      case 'disabled':
        return this.refused('NO [CONTACTADMIN] Account is disabled');
      case 'limited':
        return this.refused('NO [LIMIT] Too many failed sign-ins, try again later');
      case 'unavailable':
        return this.refused('NO [UNAVAILABLE] Accounts cannot be looked up now, try again shortly');
    }
  }

  startTls(): void {
    // What came in the clear must not be read as if it had come under TLS (CVE-2011-0411).
    if (this.framer.takeRest().length > 0) {
      this.bye('Nothing may follow STARTTLS');
      return;
    }
    this.unlisten();
    this.socket.resume();
    this.socket = new TLSSocket(this.socket, this.front.tlsOptions);
    this.framer = new CommandFramer(LOGIN_SYNTAX_LIMITS);
    this.listen();
  }

  end(): void {
    if (this.over) return;
    this.release();
    this.front.linger(this.socket);
    this.socket.end();
    this.socket.resume();
  }

  /** The time to sign in is over. */
  expire(): void {
    this.bye('Too slow to sign in');
  }

  bye(text: string): void {
    this.untagged(`BYE ${text}`);
    this.end();
  }

  private refused(text: string): void {
    this.deadline = this.front.now() + this.front.settings.loginMs;
    this.answer(text);
    if (++this.failures >= this.front.settings.authFailuresMax) this.bye('Too many failed sign-ins');
  }

  private write(text: string): void {
    if (this.socket.writable) this.socket.write(text, 'latin1');
  }

  private readonly onData = (chunk: Buffer): void => {
    this.framer.push(chunk);
    this.advance();
  };
  private readonly onEnd = (): void => {
    this.inputEnded = true;
    this.asked.line?.resolve(null);
    if (!this.busy) this.end();
  };
  private readonly onGone = (): void => {
    this.release();
    this.socket.destroy();
  };

  private listen(): void {
    this.socket.on('data', this.onData).on('end', this.onEnd).on('close', this.onGone).on('error', this.onGone);
  }

  private unlisten(): void {
    this.socket.off('data', this.onData).off('end', this.onEnd).off('close', this.onGone).off('error', this.onGone);
  }

  /** The connection is no longer ours. */
  private release(): void {
    if (this.over) return;
    this.over = true;
    this.unlisten();
    this.socket.on('error', ignore);
    this.asked.line?.resolve(null);
    this.front.forgetLogin(this);
  }

  private advance(): void {
    while (!this.over && (!this.busy || this.asked.line)) {
      const event = this.framer.next();
      if (!event) break;
      this.handle(event);
    }
    if (this.over) return;
    if (this.busy && !this.asked.line) this.socket.pause();
    else this.socket.resume();
  }

  private handle(event: FrameEvent): void {
    switch (event.kind) {
      case 'line': {
        const { line } = this.asked;
        this.asked.line = undefined;
        line?.resolve(Buffer.from(event.text));
        return;
      }
      case 'command':
        this.execute(event.text);
        return;
      case 'literal':
        this.tag = commandTag(event.text()) ?? '*';
        if (event.header.size > LOGIN_SYNTAX_LIMITS.argumentLiteralBytesMax) this.framer.refuseLiteral();
        else {
          this.framer.acceptLiteral('argument');
          if (event.header.synchronizing) this.write('+ OK\r\n');
        }
        return;
      case 'skipped':
        this.answer('BAD Literal too long');
        break;
      case 'fault':
        this.tag = event.tag ?? '*';
        this.answer(event.fault === 'bareLf' ? 'BAD Lines end with CR LF' : 'BAD Command too long');
        break;
      case 'overrun':
      case 'bytes':
        this.bye('Too many bytes');
        return;
    }
    this.endIfHopeless();
  }

  private execute(text: Buffer): void {
    this.busy = true;
    this.run(text)
      .catch((error: unknown) => {
        if (error instanceof ImapSyntaxError) this.answer(`BAD ${error.message}`);
        else {
          this.front.logger.error({ err: error, session: this.peer.sessionId }, 'command before login failed');
          this.answer('NO [SERVERBUG] Internal error');
        }
      })
      .finally(() => {
        this.busy = false;
        if (this.over) return;
        this.endIfHopeless();
        this.advance();
        if (this.inputEnded && !this.busy) this.end();
      });
  }

  private async run(text: Buffer): Promise<void> {
    this.tag = commandTag(text) ?? '*';
    if (this.tag === '*') throw new ImapSyntaxError('Every command begins with a tag');
    const reader = new ArgumentReader(text);
    reader.tag();
    reader.space();
    const name = reader.keyword('a command');
    const command = this.front.commands.get(name);
    if (!command) throw new ImapSyntaxError(`${name.slice(0, 20)} is unknown or needs a login first`);
    // `Arguments` begin with the space before them.
    if (!reader.atEnd) reader.space();
    await command.run(this, reader);
  }

  private endIfHopeless(): void {
    const { badCommandsMax, commandsMax } = this.front.settings;
    if (!this.over && (++this.commands > commandsMax || this.badCommands >= badCommandsMax))
      this.bye('Too many commands without a sign-in');
  }
}

const ignore = (): void => {};
