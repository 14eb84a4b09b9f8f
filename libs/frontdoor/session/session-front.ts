import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { TLSSocketOptions } from 'node:tls';
import type { Channel } from '#carrier';
import { type AccountRoute, type DirectoryLookup, DirectoryUnavailableError } from '#directory/api';
import type { Clock, Logger } from '#stdx';
import type { AccountLedger } from '../limits/account-ledger.ts';
import { DeadlineWheel } from '../listening/deadline-wheel.ts';
import type { Authenticator, LoginOutcome } from '../login/authenticator.ts';
import type { Ask, SaslClient, SaslSignIn, SaslSignInOutcome } from '../login/sasl-sign-in.ts';
import type { LegRefusal, SessionLeg, SessionLegs } from '../routing/session-legs.ts';
import { type CertificateProvider, tlsServerOptions } from '../tls/certificates.ts';
import type { DeflateStream } from './deflate-stream.ts';
import { type HeldIdentity, HeldSession, type SessionKeeper } from './held-session.ts';
import { LoginConnection, type LoginFront, type SessionPeer } from './login-connection.ts';
import type { SessionProtocol } from './protocol.ts';
import type { SessionFrontSettings } from './settings.ts';

export interface SessionServices {
  /** `forget`: what is remembered of an address is known to be wrong. */
  readonly directory: DirectoryLookup & { forget(address: string): void };
  readonly authenticator: Authenticator;
  readonly sasl: SaslSignIn;
  readonly accounts: AccountLedger;
  readonly legs: SessionLegs;
  readonly certificates: CertificateProvider;
  readonly clock: Clock;
}

type Home = Pick<AccountRoute, 'volumeId' | 'quotaBytes'>;

/** An account is held for about 0.1 s when it moves: so often whoever waits for it looks again. */
const MOVING_RETRY_MS = 25;

/** How long a connection that was ended may take to close. */
const LINGER_MS = 5_000;

/** One protocol at the front door: every connection before login, every session after it. */
export class SessionFront implements LoginFront, SessionKeeper {
  readonly journalBytesMax: number;
  private readonly wheel: DeadlineWheel;
  private readonly logins = new Set<LoginConnection>();
  private readonly sessions = new Set<HeldSession>();
  private compressedCount = 0;

  constructor(
    readonly protocol: SessionProtocol,
    private readonly services: SessionServices,
    readonly logger: Logger,
    readonly settings: SessionFrontSettings,
  ) {
    this.journalBytesMax = settings.journalBytesMax;
    this.wheel = new DeadlineWheel(services.clock);
  }

  /** A new connection; a `TLSSocket` when it is under TLS already. */
  accept(socket: Socket, peer: SessionPeer): void {
    this.loginOf(socket, peer).greet();
  }

  private loginOf(stream: Duplex, peer: SessionPeer): LoginConnection {
    const login = new LoginConnection(stream, peer, this);
    this.logins.add(login);
    this.wheel.watch(login);
    return login;
  }

  get figures(): { readonly logins: number; readonly sessions: number } {
    return { logins: this.logins.size, sessions: this.sessions.size };
  }

  /** Says goodbye to everybody. */
  shutdown(): void {
    for (const login of this.logins) login.bye('Hub is shutting down');
    for (const session of this.sessions) session.stop();
  }

  // What connections ask.

  now(): number {
    return this.services.clock.monotonic();
  }

  get tlsOptions(): TLSSocketOptions {
    const { certificates } = this.services;
    return { isServer: true, secureContext: certificates.contextFor(undefined), ...tlsServerOptions(certificates) };
  }

  authenticate(peer: SessionPeer, username: string, password: string): Promise<LoginOutcome> {
    const { kind: protocol } = this.protocol;
    return this.services.authenticator.authenticate({ username, password, address: peer.address, protocol });
  }

  mechanisms(channelBindings: SaslClient['channelBindings']): readonly string[] {
    return this.services.sasl.offered({ channelBindings });
  }

  authenticateBySasl(
    { address }: SessionPeer,
    channelBindings: SaslClient['channelBindings'],
    ...exchange: [mechanism: string, initial: Buffer | null, ask: Ask]
  ): Promise<SaslSignInOutcome> {
    const { kind: protocol } = this.protocol;
    return this.services.sasl.run({ address, protocol, channelBindings }, ...exchange);
  }

  mayEnter(route: AccountRoute): boolean {
    return this.services.accounts.mayEnter(route.accountId);
  }

  async openLeg(
    peer: SessionPeer,
    route: AccountRoute,
    tls: boolean,
    tag: string | undefined,
  ): Promise<Channel | undefined> {
    const leg = await this.reach(identityOf(route, peer, tls), route, tag === undefined ? {} : { tag });
    return typeof leg === 'string' ? undefined : leg.channel;
  }

  hold(
    socket: Duplex,
    leg: Channel,
    route: AccountRoute,
    peer: SessionPeer,
    client: { readonly rest: Buffer; readonly ended: boolean; readonly tls: boolean },
  ): void {
    const session = new HeldSession(socket, leg, identityOf(route, peer, client.tls), this);
    this.sessions.add(session);
    this.services.accounts.enter(route.accountId);
    session.start(client.rest, client.ended);
  }

  async resume({ identity }: HeldSession, mark: string): Promise<Channel | undefined> {
    const route = await this.routeNow(identity);
    if (!route) return undefined;
    const startedAt = this.now();
    const leg = await this.reach(identity, route, { mark });
    const ms = Math.round(this.now() - startedAt);
    if (typeof leg === 'string') {
      this.logger.warn({ session: identity.sessionId, volumeId: route.volumeId, why: leg, ms }, 'session not resumed');
      return undefined;
    }
    this.logger.info({ session: identity.sessionId, node: leg.owner.nodeName, ms }, 'session resumed');
    return leg.channel;
  }

  ended(session: HeldSession, client: Duplex): void {
    this.forget(session);
    this.linger(client);
  }

  private forget(session: HeldSession): void {
    if (this.sessions.delete(session)) this.services.accounts.leave(session.identity.accountId);
  }

  mayCompress(): boolean {
    return this.compressedCount < this.settings.compressedMax;
  }

  compressed(stream: DeflateStream): void {
    this.compressedCount++;
    stream.once('close', () => this.compressedCount--);
  }

  signedOut(session: HeldSession, client: Duplex, rest: Buffer): void {
    this.forget(session);
    const { clientAddress: address, sessionId } = session.identity;
    this.loginOf(client, { address, sessionId }).goOn(rest);
  }

  forgetLogin(login: LoginConnection): void {
    this.logins.delete(login);
    this.wheel.forget(login);
  }

  linger(socket: Duplex): void {
    if (socket.closed) return;
    const last = { deadline: this.now() + LINGER_MS, expire: () => socket.destroy() };
    this.wheel.watch(last);
    socket.once('close', () => this.wheel.forget(last));
  }

  /** Opens a leg to where the account is; while it moves to another volume, where that is is looked up again and again. */
  private async reach(
    identity: HeldIdentity,
    route: Home,
    more: { readonly tag?: string; readonly mark?: string },
  ): Promise<SessionLeg | LegRefusal> {
    const { legs, clock, directory } = this.services;
    const deadline = this.now() + this.settings.ownerWaitMs;
    for (let home: Home | undefined = route; home; home = await this.routeNow(identity)) {
      const session = { ...handedOver({ ...identity, ...home }), ...more };
      const leg = await legs.open(this.protocol.kind, home.volumeId, session, Math.max(0, deadline - this.now()));
      if (leg !== 'moving' || this.now() >= deadline) return leg;
      await clock.sleep(MOVING_RETRY_MS);
      directory.forget(identity.email);
    }
    return 'noOwner';
  }

  /** The account may have moved, or be nobody's any more. With the directory away, what the session began with stands. */
  private async routeNow(identity: HeldIdentity): Promise<Home | undefined> {
    try {
      const login = await this.services.directory.findLogin(identity.email);
      return login?.route.accountId === identity.accountId && login.route.state === 'active' ? login.route : undefined;
    } catch (error) {
      if (error instanceof DirectoryUnavailableError) return identity;
      throw error;
    }
  }
}

const identityOf = (route: AccountRoute, peer: SessionPeer, tls: boolean): HeldIdentity => ({
  accountId: route.accountId,
  email: route.email,
  partnerId: route.partnerId,
  quotaBytes: route.quotaBytes,
  volumeId: route.volumeId,
  clientAddress: peer.address,
  tls,
  sessionId: peer.sessionId,
});

/** What the preface says of a session, less where it goes. */
const handedOver = ({ accountId, email, partnerId, quotaBytes, clientAddress, tls, sessionId }: HeldIdentity) => ({
  accountId,
  email,
  partnerId,
  quotaBytes,
  clientAddress,
  tls,
  sessionId,
});
