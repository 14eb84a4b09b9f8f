import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { TlsOptions } from 'node:tls';
import { deferred } from '#stdx';
import { type Entrance, FrontListener } from '../listening/front-listener.ts';
import type { ForwardedFacts } from './forwarded.ts';
import { sendProblem } from './problem.ts';
import { statusPage } from './status-page.ts';
import type { Upstream } from './upstream.ts';

export interface HttpFrontOptions extends Entrance {
  readonly hubName: string;
  /** What stands behind a path prefix, without its trailing slash: `/api`. */
  readonly upstreams: ReadonlyMap<string, Upstream>;
  /** `false` takes the hub out of its balancer. */
  readonly healthy: () => boolean;
}

/** HTTP and HTTPS at the front door: the API behind its prefix, a page at `/`, `/healthz` for balancers. */
export class HttpFront {
  private readonly listeners: FrontListener[] = [];
  /** Connections, and whose they are. */
  private readonly clients = new Map<Socket, ForwardedFacts>();
  private readonly server: Server;
  private readonly emptied = deferred<void>();
  private closing = false;

  constructor(private readonly options: HttpFrontOptions) {
    const server = createServer();
    // A header takes a second; sixty are a slow-loris's. Bodies may take as long as they move.
    server.headersTimeout = 60_000;
    server.requestTimeout = 0;
    server.maxHeadersCount = 100;
    server.on('request', (request, response) => this.answer(request, response));
    server.on('upgrade', (request, socket, head) => this.upgrade(request, socket, head));
    // It listens nowhere itself; only from this event on it watches over its connections' timeouts.
    server.emit('listening');
    this.server = server;
  }

  /** Resolves with the port. `tls` makes it HTTPS. */
  async listen(host: string, port: number, tls?: TlsOptions): Promise<number> {
    const listener = new FrontListener({
      ...this.options,
      ...(tls ? { tls } : {}),
      serve: (socket, { address }) => this.serve(socket, { clientAddress: address, secure: tls !== undefined }),
      refuse: (socket) => socket.destroy(),
    });
    this.listeners.push(listener);
    return listener.listen(host, port);
  }

  /** Takes no more connections; resolves when the requests under way are answered. */
  async close(): Promise<void> {
    this.closing = true;
    for (const listener of this.listeners) listener.close();
    this.server.close();
    if (this.clients.size > 0) await this.emptied.promise;
  }

  /** Breaks off what is still under way. */
  destroy(): void {
    for (const socket of this.clients.keys()) socket.destroy();
  }

  private serve(socket: Socket, facts: ForwardedFacts): void {
    this.clients.set(socket, facts);
    socket.once('close', () => {
      this.clients.delete(socket);
      if (this.clients.size === 0 && this.closing) this.emptied.resolve();
    });
    this.server.emit('connection', socket);
  }

  private answer(request: IncomingMessage, response: ServerResponse): void {
    const path = pathOf(request);
    const upstream = this.behind(path);
    if (upstream) upstream.forward(request, response, this.factsOf(request));
    else if (path === '/healthz') this.health(response);
    else if (path === '/' && (request.method === 'GET' || request.method === 'HEAD'))
      response
        .writeHead(200, { 'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-store' })
        .end(statusPage(this.options.hubName));
    else sendProblem(response, 'notFound');
  }

  private upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const upstream = this.behind(pathOf(request));
    if (upstream) upstream.upgrade(request, socket, head, this.factsOf(request));
    else socket.end('HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\nconnection: close\r\n\r\n');
  }

  private factsOf({ socket }: IncomingMessage): ForwardedFacts {
    return this.clients.get(socket) ?? { clientAddress: socket.remoteAddress ?? '', secure: false };
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
