import type { Socket } from 'node:net';
import {
  type CertificateProvider,
  DEFAULT_MAIL_LIMITS,
  type Entrance,
  FrontListener,
  MailFrontDoor,
  type MailRole,
  type MailServices,
  RelayPort,
  tlsServerOptions,
} from '#frontdoor';
import { smtpReply } from '#protocol/smtp';
import { type SmtpMode, SmtpSession, type SmtpSessionOptions } from '#server/smtp';
import { type Clock, type Logger, type Random, systemClock } from '#stdx';
import type { HubSettings } from './settings.ts';

const MODES: Readonly<Record<MailRole, SmtpMode>> = { mx: 'smtp', submission: 'submission', relay: 'lmtp' };
type Client = { readonly address: string; readonly port: number };

/** Every port on which mail comes in: MX, submission with and without TLS from the start, and the nodes' relay. */
export class SmtpPorts {
  private readonly sessions = new Set<SmtpSession>();
  private readonly listeners: FrontListener[] = [];
  private readonly relay: RelayPort;
  private readonly clock: Clock = systemClock;

  constructor(
    private readonly settings: HubSettings,
    private readonly services: MailServices,
    private readonly certificates: CertificateProvider,
    private readonly entrance: Entrance,
    private readonly random: Random,
    private readonly logger: Logger,
  ) {
    const door = this.door('relay');
    this.relay = new RelayPort(settings.trust, settings.clusterKey, this.clock, logger, (socket, client) =>
      // The peers are our own nodes: one connection carries any number of messages, and their bytes were checked before.
      this.open(socket, client, door, 'relay', {
        trustedBytes: true,
        innerParameters: true,
        limits: { transactionsMax: Number.POSITIVE_INFINITY, idleCommandsMax: Number.POSITIVE_INFINITY },
      }),
    );
  }

  get count(): number {
    return this.sessions.size;
  }

  async listen(): Promise<void> {
    const { host, ports } = this.settings;
    await this.public('mx', false).listen(host, ports.smtp);
    await this.public('submission', false).listen(host, ports.submission);
    await this.public('submission', true).listen(host, ports.submissions);
    await this.relay.listen(host, ports.relay);
  }

  stopAccepting(): void {
    for (const listener of this.listeners) listener.close();
    this.relay.close();
  }

  /** Ends every session at its next command; resolves when all are gone, or after `graceMs`. */
  async drain(graceMs: number): Promise<void> {
    for (const session of this.sessions) session.shutdown();
    const gone = Promise.all([...this.sessions].map((session) => session.closed));
    await Promise.race([gone, this.clock.sleep(graceMs)]);
    for (const session of this.sessions) session.destroy();
  }

  private door(role: MailRole): MailFrontDoor {
    const { publicName: hostname, postmaster } = this.settings;
    return new MailFrontDoor({ role, hostname, postmaster, limits: DEFAULT_MAIL_LIMITS }, this.services);
  }

  private public(role: 'mx' | 'submission', implicitTls: boolean): FrontListener {
    const door = this.door(role);
    const options: Partial<SmtpSessionOptions> = {
      tls: () => this.certificates.contextFor(undefined),
      implicitTls,
      plainAuth: this.settings.plainLogin,
      // RFC 5321 §2.3.8 forbids both; old mail programs still send them, servers that do are smuggling.
      bareLineEnds: role === 'submission' ? 'normalise' : 'reject',
    };
    const listener = new FrontListener({
      ...this.entrance,
      ...(implicitTls ? { tls: tlsServerOptions(this.certificates) } : {}),
      serve: (socket, client) => this.open(socket, client, door, role, options),
      refuse: (socket, refusal) =>
        this.open(socket, { address: '', port: 0 }, door, role, {
          refusal: smtpReply(
            421,
            '4.7.0',
            refusal === 'tooMany' ? 'Too many connections, try again later' : 'Too many connections from your address',
          ),
        }),
    });
    this.listeners.push(listener);
    return listener;
  }

  private open(
    socket: Socket,
    peer: Client,
    backend: MailFrontDoor,
    role: MailRole,
    options: Partial<SmtpSessionOptions>,
  ): void {
    const sessionId = this.random.bytes(8).toString('hex');
    const { publicName, messageBytesMax } = this.settings;
    const session = new SmtpSession(socket, {
      ...options,
      mode: MODES[role],
      backend,
      hostname: publicName,
      clock: this.clock,
      logger: this.logger.child({ session: sessionId, client: peer.address }),
      peer: { sessionId, ...peer },
      limits: { messageBytesMax, ...options.limits },
    });
    this.sessions.add(session);
    void session.closed.then(() => this.sessions.delete(session));
  }
}
