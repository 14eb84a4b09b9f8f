import { driveSasl, SASL_MECHANISMS, type SaslAuthority, type SaslOutcome, saslMechanism } from '#protocol/sasl';
import { err, ok, type Random } from '#stdx';
import type { Authenticator, LoginOutcome, SignInClient } from './authenticator.ts';

/** How one exchange ended: known or refused like any sign-in (`identity`), or without anybody being named. */
export type SaslSignInOutcome = SaslOutcome<LoginOutcome> | { readonly kind: 'notOffered' };

/** A connection that wants to sign in by SASL. */
export interface SaslClient extends SignInClient {
  /** Of its TLS connection, by name; empty without TLS. */
  readonly channelBindings: ReadonlyMap<string, Buffer>;
}

/** Sends a challenge; resolves with the decoded answer, `null` when the client cancels, 'malformed' when it was not base64. */
export type Ask = (challenge: Buffer) => Promise<Buffer | null | 'malformed'>;

/** SASL at the front door, the same for IMAP and submission. */
export class SaslSignIn {
  constructor(
    private readonly authenticator: Authenticator,
    private readonly random: Random,
    /** Same on all hubs: unknown accounts show the same salt everywhere (RFC 5802 §9). */
    private readonly decoySecret: Buffer,
  ) {}

  /** Mechanisms for such a connection, best first. */
  offered({ channelBindings }: Pick<SaslClient, 'channelBindings'>): readonly string[] {
    return SASL_MECHANISMS.filter((mechanism) => !mechanism.needsChannelBinding || channelBindings.size > 0).map(
      ({ name }) => name,
    );
  }

  /** One exchange to its end. `initial` is the decoded initial response, `null` without one. */
  async run(client: SaslClient, mechanismName: string, initial: Buffer | null, ask: Ask): Promise<SaslSignInOutcome> {
    const mechanism = saslMechanism(mechanismName);
    if (!mechanism || !this.offered(client).includes(mechanism.name)) return { kind: 'notOffered' };
    const exchange = mechanism.start({
      random: this.random,
      channelBindings: client.channelBindings,
      offeredChannelBinding: client.channelBindings.size > 0,
      decoySecret: this.decoySecret,
    });
    const authority = new DirectoryAuthority(this.authenticator, client);
    try {
      return await authority.settled(await driveSasl(exchange, initial, ask, authority));
    } catch (error) {
      if (error instanceof EndedEarly) return { kind: 'identity', identity: error.outcome };
      throw error;
    }
  }
}

/** The outcome was clear before the exchange was over. */
class EndedEarly extends Error {
  override readonly name = 'EndedEarly';
  constructor(readonly outcome: LoginOutcome) {
    super(outcome.kind);
  }
}

/** What one exchange asks of the directory. `null` stands for wanting to act as somebody else; every other answer is an outcome. */
class DirectoryAuthority implements SaslAuthority<LoginOutcome> {
  /** Whom SCRAM is about, until it has concluded. */
  private claimed: string | undefined;
  /** Why the token was refused. */
  private refusedToken: LoginOutcome | undefined;

  constructor(
    private readonly authenticator: Authenticator,
    private readonly client: SaslClient,
  ) {}

  async password(username: string, password: string, authorizationId: string): Promise<LoginOutcome | null> {
    if (!isSelf(username, authorizationId)) return null;
    const { address, protocol } = this.client;
    return this.authenticator.authenticate({ username, password, address, protocol });
  }

  async keys(username: string) {
    const keys = await this.authenticator.scramKeys(this.client, username);
    if (keys && 'kind' in keys) throw new EndedEarly(keys);
    this.claimed = username;
    return keys;
  }

  async proven(username: string, authorizationId: string): Promise<LoginOutcome | null> {
    this.claimed = undefined;
    return isSelf(username, authorizationId) ? this.authenticator.conclude(this.client, username, true) : null;
  }

  async token(token: string, authorizationId: string) {
    const outcome = await this.authenticator.authenticateToken(this.client, token, authorizationId);
    if (outcome.kind === 'accepted') return ok<LoginOutcome>(outcome);
    if (outcome.kind !== 'refused') throw new EndedEarly(outcome);
    this.refusedToken = outcome;
    return err({ status: 'invalid_token' as const });
  }

  /** A proof that was wrong is counted like a wrong password, whatever was wrong with it. */
  async settled(ended: SaslOutcome<LoginOutcome>): Promise<SaslOutcome<LoginOutcome>> {
    if (ended.kind !== 'failed') return ended;
    if (ended.reason === 'tokenRefused' && this.refusedToken) return { kind: 'identity', identity: this.refusedToken };
    const wrongProof = ended.reason === 'invalidCredentials' || ended.reason === 'channelBinding';
    if (this.claimed === undefined || !wrongProof) return ended;
    return { kind: 'identity', identity: await this.authenticator.conclude(this.client, this.claimed, false) };
  }
}

/** One may only act as oneself. */
const isSelf = (username: string, authorizationId: string): boolean =>
  authorizationId === '' || authorizationId.toLowerCase() === username.toLowerCase();
