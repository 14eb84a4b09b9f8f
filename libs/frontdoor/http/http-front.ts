import { createServer as createHttpServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { TlsOptions } from 'node:tls';
import type { ConnectionLedger } from '../listening/connection-ledger.ts';
import { sendProblem } from './problem.ts';
import { statusPage } from './status-page.ts';
import type { Upstream } from './upstream.ts';

export interface HttpFrontOptions {
  readonly hubName: string;
  /** What stands behind a path prefix, without its trailing slash: `/api`. */
  readonly upstreams: ReadonlyMap<string, Upstream>;
  /** `false` takes the hub out of its balancer. */
  readonly healthy: () => boolean;
  readonly ledger: ConnectionLedger;
}

/** HTTP and HTTPS at the front door: the API behind its prefix, a page at `/`, `/healthz` for balancers. */
export class HttpFront {
  private readonly servers = new Set<Server>();

  constructor(private readonly options: HttpFrontOptions) {}

  /** Resolves with the port. `tls` makes it HTTPS. */
  async listen(host: string, port: number, tls?: TlsOptions): Promise<number> {
    const secure = tls !== undefined;
    const server = tls ? createHttpsServer(tls) : createHttpServer();
    // A header takes a second; sixty are a slow-loris's. Bodies may take as long as they move.
    server.headersTimeout = 60_000;
    server.requestTimeout = 0;
    server.maxHeadersCount = 100;
    server.on('connection', (socket: Socket) => this.admit(socket));
    server.on('request', (request: IncomingMessage, response: ServerResponse) =>
      this.answer(request, response, secure),
    );
    server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) =>
      this.upgrade(request, socket, head, secure),
    );
    await new Promise<void>((resolve, reject) => server.once('error', reject).listen(port, host, resolve));
    this.servers.add(server);
    return (server.address() as AddressInfo).port;
  }

  /** Takes no more connections; resolves when the requests under way are answered. */
  async close(): Promise<void> {
    await Promise.all(
      [...this.servers].map(
        (server) =>
          new Promise<void>((resolve) => {
            server.close(() => resolve());
            server.closeIdleConnections();
          }),
      ),
    );
  }

  /** Breaks off what is still under way. */
  destroy(): void {
    for (const server of this.servers) server.closeAllConnections();
  }

  private admit(socket: Socket): void {
    const address = socket.remoteAddress ?? '';
    const refusal = this.options.ledger.enter(address);
    if (refusal) {
      socket.destroy();
      return;
    }
    socket.once('close', () => this.options.ledger.leave(address));
  }

  private answer(request: IncomingMessage, response: ServerResponse, secure: boolean): void {
    const path = pathOf(request);
    const upstream = this.behind(path);
    if (upstream) upstream.forward(request, response, factsOf(request, secure));
    else if (path === '/healthz') this.health(response);
    else if (path === '/' && (request.method === 'GET' || request.method === 'HEAD'))
      response
        .writeHead(200, { 'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-store' })
        .end(statusPage(this.options.hubName));
    else sendProblem(response, 'notFound');
  }

  private upgrade(request: IncomingMessage, socket: Duplex, head: Buffer, secure: boolean): void {
    const upstream = this.behind(pathOf(request));
    if (upstream) upstream.upgrade(request, socket, head, factsOf(request, secure));
    else socket.end('HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\nconnection: close\r\n\r\n');
  }

  private behind(path: string): Upstream | undefined {
    const slash = path.indexOf('/', 1);
    return this.options.upstreams.get(slash < 0 ? path : path.slice(0, slash));
  }

  private health(response: ServerResponse): void {
    const healthy = this.options.healthy();
    response
      .writeHead(healthy ? 200 : 503, { 'content-type': 'application/json', 'cache-control': 'no-store' })
      .end(JSON.stringify({ status: healthy ? 'ok' : 'stopping' }));
  }
}

const pathOf = (request: IncomingMessage): string => (request.url ?? '/').split('?')[0] ?? '/';
const factsOf = (request: IncomingMessage, secure: boolean) => ({
  clientAddress: request.socket.remoteAddress ?? '',
  secure,
});
