import type { Duplex } from 'node:stream';
import {
  adaptToServer,
  type HandshakeOptions,
  openConnection,
  RELAY_TIMEOUTS,
  type RelayConnection,
  RelayError,
  type RelayMessage,
  type RelayOutcome,
  type RelayTimeouts,
} from '#relay';
import { asBuffer, type ByteStream, type Clock, type Logger, type Random } from '#stdx';
import { IdleConnections } from './idle-connections.ts';
import { type MailHost, mailHosts } from './mx.ts';
import { deferredOutcome, outcomeOf, refusalOutcome } from './outcome.ts';
import type { AttemptResult, Destination, OutboundMessage, RelayHost, Resolver, Transport } from './ports.ts';

export interface OutboundTransportOptions {
  /** Ours, in EHLO. */
  readonly hostname: string;
  readonly resolver: Resolver;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** A TCP connection; `host` is an address or, for relay hosts, a name. Rejects when there is none in time. */
  readonly connect: (host: string, port: number) => Promise<Duplex>;
  /** Client side of a TLS handshake; `verify`: the certificate must be right for the name. Without it no TLS is used. */
  readonly startTls?: (socket: Duplex, host: string, verify: boolean) => Promise<Duplex>;
  /** Hands a message to a hub of the cluster by LMTP. Without it `cluster` destinations wait. */
  readonly cluster?: (message: RelayMessage) => Promise<RelayOutcome>;
  /** Default 25. */
  readonly port?: number;
  readonly timeouts?: RelayTimeouts;
}

interface Server extends RelayHost {
  /** Where to connect. */
  readonly address: string;
}

/** Sends messages to the world and to other volumes of the cluster. */
export class OutboundTransport implements Transport {
  private readonly idle: IdleConnections;

  constructor(private readonly options: OutboundTransportOptions) {
    this.idle = new IdleConnections(options.clock);
  }

  async deliver(destination: Destination, message: OutboundMessage): Promise<AttemptResult> {
    switch (destination.kind) {
      case 'cluster':
        return await this.toCluster(message);
      case 'mx':
        return await this.toDomain(destination.domain, message);
      case 'relayHost':
        return await this.toServers([{ ...destination, address: destination.host }], message);
      case 'refused':
        return forAll(message, refusalOutcome(destination.reply));
      case 'local':
        return forAll(message, deferredOutcome('4.3.0', 'local delivery is not a transport'));
    }
  }

  /** Closes the connections kept open. */
  close(): void {
    this.idle.close();
  }

  private async toDomain(domain: string, message: OutboundMessage): Promise<AttemptResult> {
    const found = await mailHosts(domain, this.options.resolver, this.options.random);
    if (!found.ok) return { ...forAll(message, found.outcome), unreachable: found.outcome.kind === 'deferred' };
    const { port = 25 } = this.options;
    const server = ({ host, address }: MailHost): Server => ({ host, address, port, tls: 'whenOffered' });
    return await this.toServers(found.hosts.map(server), message);
  }

  /** The first server that can be talked to decides (RFC 5321 §5.1); one that breaks off before the end does not. */
  private async toServers(servers: readonly Server[], message: OutboundMessage): Promise<AttemptResult> {
    let last = deferredOutcome('4.4.1', 'no server to try');
    for (const server of servers) {
      try {
        return await this.toServer(server, message);
      } catch (error) {
        last = lossOutcome(error, server.host);
        const maybe = error instanceof RelayError && error.mayHaveBeenAccepted;
        this.options.logger.info({ err: error, host: server.host, address: server.address }, 'mail host failed');
        // It may have the message: another host now would surely make two of it.
        if (maybe) return forAll(message, last);
      }
    }
    return { ...forAll(message, last), unreachable: true };
  }

  /** Throws what `RelayConnection.send` throws. */
  private async toServer(server: Server, message: OutboundMessage): Promise<AttemptResult> {
    // Who demands TLS, or signs in, must not get the connection of one who did not.
    const key = JSON.stringify([server.host, server.address, server.port, server.tls, server.credentials?.username]);
    const body = await message.open();
    const connection = this.idle.take(key) ?? (await this.open(server));
    const adapted = adaptToServer(
      relayMessage(message, body),
      connection.capabilities,
      await headerIsAscii(message, body),
    );
    if (!adapted.ok) {
      this.idle.put(key, connection);
      return forAll(message, refusalOutcome(adapted.reply, server.host));
    }
    const { recipients } = await connection.send(adapted.message);
    this.idle.put(key, connection);
    return {
      outcomes: recipients.map((recipient) => outcomeOf(recipient, server.host, adapted.dsn)),
      unreachable: false,
    };
  }

  /** Opportunistic TLS (RFC 7435): a handshake that fails where TLS is not demanded is followed by one try without. */
  private async open(server: Server): Promise<RelayConnection> {
    try {
      return await this.handshake(server, server.tls);
    } catch (error) {
      if (!(error instanceof RelayError) || error.phase !== 'tls' || server.tls !== 'whenOffered') throw error;
      return await this.handshake(server, 'never');
    }
  }

  private async handshake(server: Server, tls: RelayHost['tls']): Promise<RelayConnection> {
    const { clock, hostname, startTls, timeouts = RELAY_TIMEOUTS } = this.options;
    const socket = await this.options.connect(server.address, server.port);
    const options: HandshakeOptions = {
      protocol: 'smtp',
      clock,
      timeouts,
      chunking: false,
      clientName: hostname,
      tls,
      ...(startTls ? { startTls: (plain: Duplex) => startTls(plain, server.host, server.tls === 'always') } : {}),
      ...(server.credentials ? { credentials: server.credentials } : {}),
    };
    return await openConnection(socket, options);
  }

  private async toCluster(message: OutboundMessage): Promise<AttemptResult> {
    const { cluster } = this.options;
    if (!cluster) return forAll(message, deferredOutcome('4.3.0', 'no hub to hand the message to'));
    try {
      const { recipients } = await cluster(relayMessage(message, await message.open()));
      // The node at the end keeps the promises of NOTIFY.
      return { outcomes: recipients.map((recipient) => outcomeOf(recipient, 'hub', true)), unreachable: false };
    } catch (error) {
      return { ...forAll(message, lossOutcome(error, 'hub')), unreachable: false };
    }
  }
}

const forAll = (message: OutboundMessage, outcome: AttemptResult['outcomes'][number]): AttemptResult => ({
  outcomes: message.entries.map(() => outcome),
  unreachable: false,
});

/** A connection that failed says nothing final, not even with a 5xx: the next attempt may meet another server. */
function lossOutcome(error: unknown, host: string): AttemptResult['outcomes'][number] {
  const text = error instanceof Error ? error.message : String(error);
  const told = error instanceof RelayError && error.reply !== undefined;
  return told ? deferredOutcome('4.4.2', text, host) : deferredOutcome('4.4.1', `${host}: ${text}`);
}

const relayMessage = (message: OutboundMessage, body: ByteStream | Uint8Array): RelayMessage => ({
  reversePath: message.reversePath,
  parameters: message.parameters,
  recipients: message.entries.map(({ forwardPath, parameters }) => ({
    forwardPath,
    parameters: new Map(['NOTIFY', 'ORCPT'].flatMap((key) => (key in parameters ? [[key, parameters[key]!]] : []))),
  })),
  body,
  sizeHint: message.size,
});

/** Only a message that came with SMTPUTF8 is looked at, and only its header. */
async function headerIsAscii(message: OutboundMessage, body: ByteStream | Uint8Array): Promise<boolean> {
  if (!message.parameters.has('SMTPUTF8')) return true;
  const stream = body instanceof Uint8Array ? [body] : await message.open();
  let tail = '';
  for await (const piece of stream instanceof Uint8Array ? [stream] : stream) {
    const text = tail + asBuffer(piece).toString('latin1');
    const end = text.indexOf('\r\n\r\n');
    if (/[\x80-\xff]/.test(end < 0 ? text : text.slice(0, end))) return false;
    if (end >= 0) return true;
    tail = text.slice(-3);
  }
  return true;
}
