import type { Duplex } from 'node:stream';
import { TLSSocket, type TLSSocketOptions } from 'node:tls';
import type { Channel } from '#carrier';
import type { AccountRoute } from '#directory/api';
import { channelBindings } from '#protocol/sasl';
import { type Deferred, deferred, type Logger } from '#stdx';
import type { Deadlined } from '../listening/deadline-wheel.ts';
import type { LoginOutcome } from '../login/authenticator.ts';
import type { Ask, SaslClient, SaslSignInOutcome } from '../login/sasl-sign-in.ts';
import { connectionBelow, DeflateStream } from './deflate-stream.ts';
import type { LoginClient, LoginDialogue, LoginInput, LoginRefusal, SessionProtocol } from './protocol.ts';
import type { SessionFrontSettings } from './settings.ts';

/** The other end of a connection. */
export interface SessionPeer {
  readonly address: string;
  readonly sessionId: string;
}

/** What a connection before login needs of its front. */
export interface LoginFront {
  readonly protocol: SessionProtocol;
  readonly settings: SessionFrontSettings;
  readonly tlsOptions: TLSSocketOptions;
  readonly logger: Logger;
  /** Monotonic, milliseconds. */
  now(): number;
  authenticate(peer: SessionPeer, username: string, password: string): Promise<LoginOutcome>;
  /** SASL mechanisms for a connection with these channel bindings, best first. */
  mechanisms(bindings: SaslClient['channelBindings']): readonly string[];
  authenticateBySasl(
    peer: SessionPeer,
    bindings: SaslClient['channelBindings'],
    ...exchange: [mechanism: string, initial: Buffer | null, ask: Ask]
  ): Promise<SaslSignInOutcome>;
  /** A leg for a session that begins; `undefined` when nobody serves the account in time. */
  /** Whether the account may have one session more. */
  mayEnter(route: AccountRoute): boolean;
  openLeg(peer: SessionPeer, route: AccountRoute, tls: boolean, tag: string | undefined): Promise<Channel | undefined>;
  /** Takes a connection that has signed in: `rest` is what it sent behind its login. */
  hold(
    socket: Duplex,
    leg: Channel,
    route: AccountRoute,
    peer: SessionPeer,
    client: { readonly rest: Buffer; readonly ended: boolean; readonly tls: boolean },
  ): void;
  forgetLogin(login: LoginConnection): void;
  /** Destroys a connection that was ended and does not close. */
  linger(socket: Duplex): void;
}

/**
 * A connection before login. One command at a time: while one is at work the client is not read, so that what it has sent
 * behind its sign-in waits, and goes to the node whole.
 */
export class LoginConnection implements LoginClient, Deadlined {
  deadline: number;
  private readonly dialogue: LoginDialogue;
  private asked: Deferred<Buffer | null> | undefined;
  private busy = false;
  private inputEnded = false;
  private over = false;
  private commands = 0;
  private badCommands = 0;
  private failures = 0;

  constructor(
    private socket: Duplex,
    readonly peer: SessionPeer,
    private readonly front: LoginFront,
  ) {
    this.deadline = front.now() + front.settings.loginMs;
    this.dialogue = front.protocol.login(this);
    this.listen();
  }

  /** To a connection that is new. */
  greet(): void {
    this.dialogue.greet();
  }

  /** To one that has signed out; `rest` is what it said behind that. */
  goOn(rest: Buffer): void {
    if (rest.length > 0) this.dialogue.push(rest);
    this.advance();
  }

  get hostname(): string {
    return this.front.settings.hostname;
  }

  get secure(): boolean {
    return connectionBelow(this.socket) instanceof TLSSocket;
  }

  get loginAllowed(): boolean {
    return this.secure || this.front.settings.plainLogin;
  }

  write(text: string): void {
    if (this.socket.writable) this.socket.write(text, 'latin1');
  }

  countBad(): void {
    this.badCommands++;
  }

  ask(question: string): Promise<Buffer | null> {
    this.write(question);
    const answer = deferred<Buffer | null>();
    this.asked = answer;
    if (this.over) answer.resolve(null);
    // The line may be here already.
    setImmediate(() => this.advance());
    this.socket.resume();
    return answer.promise;
  }

  async authenticate(username: string, password: string): Promise<LoginOutcome> {
    return this.front.authenticate(this.peer, username, password);
  }

  get mechanisms(): readonly string[] {
    return this.front.mechanisms(this.bindings);
  }

  authenticateBySasl(...exchange: Parameters<LoginClient['authenticateBySasl']>): Promise<SaslSignInOutcome> {
    return this.front.authenticateBySasl(this.peer, this.bindings, ...exchange);
  }

  private get bindings(): SaslClient['channelBindings'] {
    const below = connectionBelow(this.socket);
    return below instanceof TLSSocket ? channelBindings(below) : NO_BINDINGS;
  }

  async conclude(outcome: LoginOutcome): Promise<void> {
    if (outcome.kind !== 'accepted') return this.refused(outcome.kind);
    this.deadline = Number.POSITIVE_INFINITY;
    const { front, peer, dialogue, secure } = this;
    if (!front.mayEnter(outcome.route)) return this.refused('tooManySessions');
    const leg = await front.openLeg(peer, outcome.route, secure, dialogue.tag);
    if (this.over) leg?.reset();
    else if (!leg) this.refused('noOwner');
    else {
      const client = { rest: dialogue.takeRest(), ended: this.inputEnded, tls: secure };
      this.release();
      front.hold(this.socket, leg, outcome.route, peer, client);
    }
  }

  startTls(command: string): void {
    // What came in the clear must not be read as if it had come under TLS (CVE-2011-0411).
    if (this.dialogue.takeRest().length > 0) {
      this.bye(`Nothing may follow ${command}`);
      return;
    }
    // RFC 4978 §3: TLS lies below compression, and cannot be put there any more.
    if (this.socket instanceof DeflateStream) {
      this.bye('TLS must begin before compression');
      return;
    }
    this.unlisten();
    this.socket.resume();
    const secure = new TLSSocket(this.socket, this.front.tlsOptions);
    secure.once('secure', () => {
      if (!this.over) this.dialogue.secured?.();
    });
    this.socket = secure;
    this.dialogue.restart();
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
    this.dialogue.bye(text);
    this.end();
  }

  private refused(refusal: LoginRefusal): void {
    this.deadline = this.front.now() + this.front.settings.loginMs;
    this.dialogue.refuse(refusal);
    if (++this.failures >= this.front.settings.authFailuresMax) this.bye('Too many failed sign-ins');
  }

  private readonly onData = (chunk: Buffer): void => {
    this.dialogue.push(chunk);
    this.advance();
  };
  private readonly onEnd = (): void => {
    this.inputEnded = true;
    this.asked?.resolve(null);
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
    this.asked?.resolve(null);
    this.front.forgetLogin(this);
  }

  private advance(): void {
    while (!this.over && (!this.busy || this.asked)) {
      const input = this.dialogue.next();
      if (!input) break;
      this.handle(input);
    }
    if (this.over) return;
    if (this.busy && !this.asked) this.socket.pause();
    else this.socket.resume();
  }

  private handle(input: LoginInput): void {
    switch (input.kind) {
      case 'answer': {
        const { asked } = this;
        this.asked = undefined;
        asked?.resolve(input.line);
        return;
      }
      case 'command':
        void this.execute(input);
        return;
      case 'handled':
        if (input.counts) this.endIfHopeless();
    }
  }

  private async execute(input: LoginInput & { kind: 'command' }): Promise<void> {
    this.busy = true;
    try {
      await input.run();
    } catch (error) {
      if (!this.dialogue.failed(error))
        this.front.logger.error({ err: error, session: this.peer.sessionId }, 'command before login failed');
    }
    this.busy = false;
    if (this.over) return;
    this.endIfHopeless();
    this.advance();
    if (this.inputEnded && !this.busy) this.end();
  }

  private endIfHopeless(): void {
    const { badCommandsMax, commandsMax } = this.front.settings;
    if (!this.over && (++this.commands > commandsMax || this.badCommands >= badCommandsMax))
      this.bye('Too many commands without a sign-in');
  }
}

const NO_BINDINGS: SaslClient['channelBindings'] = new Map();
const ignore = (): void => {};
