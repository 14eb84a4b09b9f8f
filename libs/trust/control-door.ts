import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import type { SecureContext, TLSSocket } from 'node:tls';
import type { Logger } from '#stdx';
import { type MemberCertificate, memberCertificate } from './certificates.ts';
import { clusterOfServerName } from './identity.ts';
import { BODY_BYTES_MAX } from './wire.ts';

/** What the door is asked for. */
export interface Knock {
  readonly clusterId: string;
  readonly path: string;
  /** Parsed JSON. */
  readonly body: unknown;
  /** Who asks, at a door for members. */
  readonly peer: MemberCertificate | undefined;
  readonly address: string;
}

/** Told to who asked, with a status of 4xx. */
export class KnockRefusedError extends Error {
  override readonly name = 'KnockRefusedError';
}

/** Somebody who says nothing is no newcomer. */
const TIMEOUT_MS = 10_000;
const CONNECTIONS_MAX = 100;

/** A TLS port of the control plane that shows each cluster's newcomers and members that cluster's own certificate. */
export class ControlDoor {
  private server: Server | undefined;
  private readonly sockets = new Set<Socket>();
  /** Whose question is being answered: the answer may be what closes the door. */
  private readonly answering = new Set<Socket>();

  constructor(
    /** By cluster id: the certificate to show and the authority to believe; `undefined` where nobody may enter now. */
    private readonly contextOf: (clusterId: string) => Promise<SecureContext | undefined>,
    private readonly answer: (knock: Knock) => Promise<unknown>,
    private readonly options: { readonly membersOnly: boolean },
    private readonly logger: Logger,
  ) {}

  get isOpen(): boolean {
    return this.server !== undefined;
  }

  /** Resolves with the port. */
  async open(host: string, port: number): Promise<number> {
    const { membersOnly } = this.options;
    const server = createServer(
      {
        minVersion: 'TLSv1.3',
        requestCert: membersOnly,
        rejectUnauthorized: membersOnly,
        handshakeTimeout: TIMEOUT_MS,
        requestTimeout: TIMEOUT_MS,
        headersTimeout: TIMEOUT_MS,
        SNICallback: (serverName, done) => {
          const clusterId = clusterOfServerName(serverName);
          const context = clusterId === undefined ? Promise.resolve(undefined) : this.contextOf(clusterId);
          context.then(
            (found) => (found ? done(null, found) : done(new Error('no such cluster'))),
            (error: Error) => done(error),
          );
        },
      },
      (request, response) => void this.serve(request, response),
    );
    server.maxConnections = CONNECTIONS_MAX;
    server.on('secureConnection', (socket: Socket) => {
      this.sockets.add(socket);
      socket.once('close', () => this.sockets.delete(socket));
    });
    server.on('tlsClientError', (error: Error, socket) =>
      this.logger.warn(
        { address: socket.remoteAddress, error: error.message },
        'refused at a door of the control plane',
      ),
    );
    this.server = server;
    try {
      await new Promise<void>((resolve, reject) => server.once('error', reject).listen(port, host, resolve));
    } catch (error) {
      this.server = undefined;
      throw error;
    }
    return (server.address() as AddressInfo).port;
  }

  /** Takes nobody new; who is being answered still hears the answer. */
  async close(): Promise<void> {
    const { server } = this;
    this.server = undefined;
    if (!server) return;
    // Who is still in the handshake gets no further: nothing is answered any more.
    server.close();
    for (const socket of this.sockets) if (!this.answering.has(socket)) socket.destroy();
    await Promise.all([...this.answering].map((socket) => once(socket, 'close')));
  }

  private async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { socket } = request;
    this.answering.add(socket);
    socket.once('close', () => this.answering.delete(socket));
    const { status, body } = await this.outcome(request);
    response.writeHead(status, { 'content-type': 'application/json', connection: 'close' });
    response.end(JSON.stringify(body));
  }

  private async outcome(request: IncomingMessage): Promise<{ readonly status: number; readonly body: unknown }> {
    const socket = request.socket as TLSSocket;
    const address = socket.remoteAddress ?? '';
    try {
      if (!this.isOpen) throw new KnockRefusedError('the door is closed');
      if (request.method !== 'POST') throw new KnockRefusedError('POST is asked for');
      const clusterId = clusterOfServerName(String(socket.servername));
      if (clusterId === undefined) throw new KnockRefusedError('no cluster is named');
      const certificate = this.options.membersOnly ? socket.getPeerX509Certificate() : undefined;
      const peer = certificate && memberCertificate(certificate);
      const knock: Knock = { clusterId, path: request.url ?? '', body: await bodyOf(request), peer, address };
      return { status: 200, body: await this.answer(knock) };
    } catch (error) {
      if (error instanceof KnockRefusedError) {
        this.logger.warn({ address, reason: error.message }, 'refused at a door of the control plane');
        return { status: 403, body: { reason: error.message } };
      }
      this.logger.error({ address, error: (error as Error).message }, 'a door of the control plane failed');
      return { status: 503, body: { reason: 'try again later' } };
    }
  }
}

async function bodyOf(request: IncomingMessage): Promise<unknown> {
  let text = '';
  for await (const chunk of request.setEncoding('utf8') as AsyncIterable<string>) {
    text += chunk;
    if (text.length > BODY_BYTES_MAX) throw new KnockRefusedError('too long');
  }
  try {
    return JSON.parse(text);
  } catch {
    throw new KnockRefusedError('not JSON');
  }
}
