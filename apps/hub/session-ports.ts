import {
  type CertificateProvider,
  type ConnectionRefusal,
  type Entrance,
  FrontListener,
  type SessionFront,
  tlsServerOptions,
} from '#frontdoor';
import type { Random } from '#stdx';

/** A protocol's front with the ports it answers on: one with STARTTLS, one under TLS from the start. */
export interface SessionPort {
  readonly front: SessionFront;
  readonly plain: number;
  /** `null` where the protocol has no port for it (ManageSieve). */
  readonly tls: number | null;
}

/** The public ports of the protocols whose sessions a hub holds. */
export class SessionPorts {
  private readonly listeners: readonly (readonly [FrontListener, number])[];

  constructor(
    private readonly host: string,
    private readonly ports: readonly SessionPort[],
    certificates: CertificateProvider,
    entrance: Entrance,
    random: Random,
  ) {
    this.listeners = ports.flatMap(({ front, plain, tls }) => {
      const shared = listenerOptions(front, entrance, random);
      const listeners: (readonly [FrontListener, number])[] = [[new FrontListener(shared), plain]];
      if (tls !== null) listeners.push([new FrontListener({ ...shared, tls: tlsServerOptions(certificates) }), tls]);
      return listeners;
    });
  }

  /** Connections that have not signed in, and sessions, by protocol. */
  get figures(): readonly { readonly kind: string; readonly logins: number; readonly sessions: number }[] {
    return this.ports.map(({ front }) => ({ kind: front.protocol.kind, ...front.figures }));
  }

  get sessions(): number {
    return this.ports.reduce((sum, { front }) => sum + front.figures.sessions, 0);
  }

  async listen(): Promise<void> {
    for (const [listener, port] of this.listeners) await listener.listen(this.host, port);
  }

  /** Takes nobody new. */
  stopAccepting(): void {
    for (const [listener] of this.listeners) listener.close();
  }

  /** Says goodbye to everybody. */
  drain(): void {
    for (const { front } of this.ports) front.shutdown();
  }
}

type ListenerOptions = ConstructorParameters<typeof FrontListener>[0];

const listenerOptions = (front: SessionFront, entrance: Entrance, random: Random): ListenerOptions => ({
  ...entrance,
  serve: (socket, { address }) => front.accept(socket, { address, sessionId: random.bytes(8).toString('hex') }),
  refuse: (socket, refusal) => {
    socket.end(front.protocol.turnedAway(REFUSALS[refusal]));
    socket.resume();
    front.linger(socket);
  },
});

const REFUSALS: Readonly<Record<ConnectionRefusal, string>> = {
  tooMany: 'Too many connections, try again later',
  tooManyFromAddress: 'Too many connections from your address',
};
