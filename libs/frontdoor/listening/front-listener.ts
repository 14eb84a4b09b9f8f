import type { AddressInfo } from 'node:net';
import { createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer, type TlsOptions, type Server as TlsServer } from 'node:tls';
import type { ConnectionLedger, ConnectionRefusal } from '../limits/connection-ledger.ts';
import { ProxyReader, type ProxyTrust } from './proxy-reader.ts';

/** Who is at the other end; behind a trusted balancer, the one it names. */
export interface Client {
  readonly address: string;
  readonly port: number;
}

/** What every public port asks of who comes in. */
export interface Entrance {
  readonly ledger: ConnectionLedger;
  /** Balancers whose connections begin with a PROXY header. Default none. */
  readonly proxies?: ProxyTrust;
}

export interface FrontListenerOptions extends Entrance {
  /** TLS from the first byte, after a PROXY header where there is one. */
  readonly tls?: TlsOptions;
  /** A connection that came in; under TLS, after its handshake. Both of its ends close on their own. */
  readonly serve: (socket: Socket, client: Client) => void;
  /** One that did not. It has no listeners and is to be ended; under TLS it is just closed. */
  readonly refuse: (socket: Socket, refusal: ConnectionRefusal) => void;
}

/** A client whose machine is gone is noticed after this and nine probes: idle IMAP sessions say nothing for half an hour. */
const KEEP_ALIVE_MS = 120_000;
const HANDSHAKE_MS = 30_000;

/** A public port: learns who comes in, counts them, and hands over who may. */
export class FrontListener {
  private readonly server: Server;
  /** Never listens itself: it is given connections once it is known whose they are. */
  private readonly tlsServer: TlsServer | undefined;
  private readonly proxies: ProxyReader | undefined;
  /** Of connections under TLS, whose socket is another one, by the peer's port and address. */
  private readonly clients = new Map<string, Client>();

  constructor(private readonly options: FrontListenerOptions) {
    const { tls, proxies, serve } = options;
    this.proxies = proxies && new ProxyReader(proxies);
    this.server = createServer(
      {
        // A client that has said all it has to say may still wait for the answer.
        allowHalfOpen: true,
        noDelay: true,
        keepAlive: true,
        keepAliveInitialDelay: KEEP_ALIVE_MS,
      },
      (socket) => this.accept(socket),
    );
    if (!tls) return;
    this.tlsServer = createTlsServer({ ...tls, allowHalfOpen: true, handshakeTimeout: HANDSHAKE_MS });
    this.tlsServer.on('secureConnection', (socket: Socket) =>
      serve(socket, this.clients.get(peerKey(socket)) ?? peerOf(socket)),
    );
    // A client that goes away in the middle of a handshake is no news.
    this.tlsServer.on('tlsClientError', () => {});
  }

  /** Resolves with the port. */
  async listen(host: string, port: number): Promise<number> {
    await new Promise<void>((resolve, reject) => this.server.once('error', reject).listen(port, host, resolve));
    return (this.server.address() as AddressInfo).port;
  }

  /** Takes nobody new; who is in stays. */
  close(): void {
    this.server.close();
  }

  private accept(socket: Socket): void {
    const peer = peerOf(socket);
    if (!this.proxies?.expects(peer.address)) this.admit(socket, peer);
    else this.proxies.read(socket, (client) => this.admit(socket, client ?? peer));
  }

  private admit(socket: Socket, client: Client): void {
    const { ledger, serve, refuse } = this.options;
    const refusal = ledger.enter(client.address);
    if (refusal) {
      socket.on('error', () => {});
      if (this.tlsServer) socket.destroy();
      else refuse(socket, refusal);
      return;
    }
    const key = peerKey(socket);
    this.clients.set(key, client);
    socket.once('close', () => {
      ledger.leave(client.address);
      this.clients.delete(key);
    });
    if (this.tlsServer) this.tlsServer.emit('connection', socket);
    else serve(socket, client);
  }
}

/** `::ffff:192.0.2.1` is how a dual-stack socket spells 192.0.2.1. */
const peerOf = (socket: Socket): Client => ({
  address: (socket.remoteAddress ?? '').replace(/^::ffff:(?=\d+\.)/, ''),
  port: socket.remotePort ?? 0,
});
const peerKey = (socket: Socket): string => `${socket.remotePort} ${socket.remoteAddress}`;
