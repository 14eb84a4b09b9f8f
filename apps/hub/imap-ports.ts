import {
  type CertificateProvider,
  type ConnectionLedger,
  type ConnectionRefusal,
  FrontListener,
  type ImapFront,
  tlsServerOptions,
} from '#frontdoor';
import type { Random } from '#stdx';
import type { HubSettings } from './settings.ts';

/** IMAP with STARTTLS and IMAP under TLS from the start. */
export class ImapPorts {
  private readonly listeners: readonly FrontListener[];

  constructor(
    private readonly settings: HubSettings,
    private readonly front: ImapFront,
    certificates: CertificateProvider,
    ledger: ConnectionLedger,
    random: Random,
  ) {
    const shared = {
      ledger,
      serve: (...[socket, { address }]: Parameters<ConstructorParameters<typeof FrontListener>[0]['serve']>) =>
        front.accept(socket, { address, sessionId: random.bytes(8).toString('hex') }),
      refuse: (...[socket, refusal]: Parameters<ConstructorParameters<typeof FrontListener>[0]['refuse']>) => {
        socket.end(`* BYE [LIMIT] ${REFUSALS[refusal]}\r\n`);
        socket.resume();
        front.linger(socket);
      },
    };
    this.listeners = [new FrontListener(shared), new FrontListener({ ...shared, tls: tlsServerOptions(certificates) })];
  }

  async listen(): Promise<void> {
    const { host, ports } = this.settings;
    await this.listeners[0]?.listen(host, ports.imap);
    await this.listeners[1]?.listen(host, ports.imaps);
  }

  /** Takes nobody new. */
  stopAccepting(): void {
    for (const listener of this.listeners) listener.close();
  }

  /** Says BYE to everybody. */
  drain(): void {
    this.front.shutdown();
  }
}

const REFUSALS: Readonly<Record<ConnectionRefusal, string>> = {
  tooMany: 'Too many connections, try again later',
  tooManyFromAddress: 'Too many connections from your address',
};
