import type { AddressInfo } from 'node:net';
import { createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer, type TlsOptions } from 'node:tls';
import type { ConnectionLedger, ConnectionRefusal } from './connection-ledger.ts';

export interface FrontListenerOptions {
  readonly ledger: ConnectionLedger;
  /** TLS from the first byte. */
  readonly tls?: TlsOptions;
  /** A connection that came in; under TLS, after its handshake. Both of its ends close on their own. */
  readonly serve: (socket: Socket, client: { readonly address: string; readonly port: number }) => void;
  /** One that did not. It has no listeners and is to be ended; under TLS it is just closed. */
  readonly refuse: (socket: Socket, refusal: ConnectionRefusal) => void;
}

/** A client whose machine is gone is noticed after this and nine probes: idle IMAP sessions say nothing for half an hour. */
const KEEP_ALIVE_MS = 120_000;
const HANDSHAKE_MS = 30_000;

/** A public port: counts who comes in, and hands over who may. */
export class FrontListener {
  private readonly server: Server;

  constructor(private readonly options: FrontListenerOptions) {
    const socketOptions = {
      // A client that has said all it has to say may still wait for the answer.
      allowHalfOpen: true,
      noDelay: true,
      keepAlive: true,
      keepAliveInitialDelay: KEEP_ALIVE_MS,
    };
    const { tls } = options;
    if (tls) {
      this.server = createTlsServer({ ...tls, ...socketOptions, handshakeTimeout: HANDSHAKE_MS });
      this.server.on('connection', (socket: Socket) => this.admit(socket, false));
      this.server.on('secureConnection', (socket: Socket) => options.serve(socket, clientOf(socket)));
      // A client that goes away in the middle of a handshake is no news.
      this.server.on('tlsClientError', () => {});
    } else this.server = createServer(socketOptions, (socket) => this.admit(socket, true));
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

  private admit(socket: Socket, plain: boolean): void {
    const client = clientOf(socket);
    const { ledger, serve, refuse } = this.options;
    const refusal = ledger.enter(client.address);
    if (refusal) {
      socket.on('error', () => {});
      if (plain) refuse(socket, refusal);
      else socket.destroy();
      return;
    }
    socket.once('close', () => ledger.leave(client.address));
    if (plain) serve(socket, client);
  }
}

/** `::ffff:192.0.2.1` is how a dual-stack socket spells 192.0.2.1. */
const clientOf = (socket: Socket): { readonly address: string; readonly port: number } => ({
  address: (socket.remoteAddress ?? '').replace(/^::ffff:(?=\d+\.)/, ''),
  port: socket.remotePort ?? 0,
});
