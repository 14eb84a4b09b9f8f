import { X509Certificate } from 'node:crypto';
import type { OnReadOpts, Socket } from 'node:net';
import {
  connect,
  createSecureContext,
  createServer,
  type SecureContext,
  type SecureContextOptions,
  type Server,
  type TLSSocket,
} from 'node:tls';
import { type Clock, type Logger, present } from '#stdx';
import { type MemberCertificate, memberCertificate } from './certificates.ts';
import { type MemberIdentity, type MemberRole, serverNameOf } from './identity.ts';

/** What a member proves itself with, and whom it believes. PEM. */
export interface MemberCredentials {
  /** The cluster's authority. */
  readonly authority: string;
  readonly certificate: string;
  readonly key: string;
}

/** Who must answer, and where. */
export interface Peer {
  readonly role: MemberRole;
  readonly memberId: string;
  readonly host: string;
  readonly port: number;
}

export interface MemberServerOptions {
  /** How long a stranger may take to prove itself; default 10,000. */
  readonly handshakeTimeoutMs?: number;
  readonly allowHalfOpen?: boolean;
}

/** The other end is not who it must be. */
export class PeerRefusedError extends Error {
  override readonly name = 'PeerRefusedError';
  readonly code = 'ERR_PEER_REFUSED';
}

/** Both ends are ours: nothing older is spoken. */
const MINIMUM = 'TLSv1.3';
const HANDSHAKE_TIMEOUT_MS = 10_000;

/** A session to resume and whose it was. */
interface KeptSession {
  readonly ticket: Buffer;
  readonly peer: MemberCertificate;
}

/**
 * One member's place in the cluster's mutual TLS: connections it makes and takes are with members of the same cluster, in
 * the roles that are asked for, whose certificates are neither expired nor refused. A renewed certificate counts from the
 * next handshake on; a refused one ends its connections at once.
 */
export class MemberTrust {
  private own: MemberCertificate;
  private context: SecureContext;
  private readonly servers = new Set<Server>();
  private readonly refused = new Set<string>();
  private readonly connections = new Map<string, Set<TLSSocket>>();
  private readonly sessions = new Map<string, KeptSession>();

  constructor(
    private credentials: MemberCredentials,
    private readonly clock: Pick<Clock, 'now'>,
    private readonly logger: Logger,
  ) {
    this.own = ownCertificate(credentials);
    this.context = createSecureContext(this.contextOptions());
  }

  /** What this member's certificate says now. */
  get self(): MemberCertificate {
    return this.own;
  }

  /** `secureConnect` says that the peer is who it must be; write nothing before. Fails with `PeerRefusedError` when it is another. */
  connect(to: Peer, onread?: OnReadOpts): TLSSocket {
    const key = `${to.role} ${to.memberId}`;
    const kept = this.resumable(key);
    const socket = connect({
      host: to.host,
      port: to.port,
      secureContext: this.context,
      servername: serverNameOf(this.self.clusterId),
      // Not asked when a session is resumed: that one was with the same peer.
      checkServerIdentity: (_name, certificate) => {
        const peer = memberCertificate(new X509Certificate(certificate.raw));
        const why = this.refusal(peer, [to.role]) ?? (peer?.memberId === to.memberId ? undefined : 'another member');
        return why === undefined ? undefined : new PeerRefusedError(`${to.role} ${to.memberId}: ${why}`);
      },
      ...(kept ? { session: kept.ticket } : {}),
      ...(onread ? { onread } : {}),
    });
    socket.setNoDelay(true);
    let peer: MemberCertificate | undefined;
    socket.on('session', (ticket) => {
      if (peer) this.sessions.set(key, { ticket, peer });
    });
    socket.once('secureConnect', () => {
      // A resumed session does not show the certificate again.
      peer = peerOf(socket) ?? kept?.peer;
      if (peer) this.keep(socket, peer);
    });
    return socket;
  }

  /** Hands over connections of proved members in one of the roles; the others are closed and logged. */
  createServer(
    roles: readonly MemberRole[],
    serve: (socket: TLSSocket, peer: MemberCertificate) => void,
    options: MemberServerOptions = {},
  ): Server {
    const server = createServer({
      ...this.contextOptions(),
      requestCert: true,
      rejectUnauthorized: true,
      handshakeTimeout: options.handshakeTimeoutMs ?? HANDSHAKE_TIMEOUT_MS,
      noDelay: true,
      allowHalfOpen: options.allowHalfOpen ?? false,
    });
    server.on('secureConnection', (socket) => {
      const peer = peerOf(socket);
      const why = this.refusal(peer, roles);
      if (why !== undefined || !peer) {
        this.logger.warn({ address: socket.remoteAddress, peer, why }, 'connection refused');
        socket.destroy();
        return;
      }
      this.keep(socket, peer);
      serve(socket, peer);
    });
    server.on('tlsClientError', (error: Error & { code?: string }, socket) => {
      // One that only says nothing would else stay for ever.
      socket.destroy();
      if (error.code === 'ECONNRESET') return;
      this.logger.warn({ address: socket.remoteAddress, error: error.message }, 'connection refused');
    });
    this.servers.add(server);
    server.once('close', () => this.servers.delete(server));
    return server;
  }

  /** Shows the renewed certificate from the next handshake on. */
  renew(credentials: Pick<MemberCredentials, 'certificate' | 'key'>): void {
    this.credentials = { ...this.credentials, ...credentials };
    this.own = ownCertificate(credentials);
    this.context = createSecureContext(this.contextOptions());
    this.sessions.clear();
    for (const server of this.servers) server.setSecureContext(this.contextOptions());
  }

  /** The certificates of the cluster that count no more, by serial; connections that stand on one end now. */
  refuse(serials: readonly string[]): void {
    for (const serial of serials) {
      if (this.refused.has(serial)) continue;
      this.refused.add(serial);
      for (const [key, { peer }] of this.sessions) if (peer.serial === serial) this.sessions.delete(key);
      for (const socket of this.connections.get(serial) ?? []) socket.destroy(new PeerRefusedError('revoked'));
    }
  }

  private contextOptions(): SecureContextOptions {
    const { authority, certificate, key } = this.credentials;
    return { ca: authority, cert: certificate, key, minVersion: MINIMUM };
  }

  /** Why the verified certificate is not good enough. A resumed session was verified when it began, so time is looked at again. */
  private refusal(peer: MemberCertificate | undefined, roles: readonly MemberRole[]): string | undefined {
    if (!peer) return 'no member’s certificate';
    if (peer.clusterId !== this.self.clusterId) return 'another cluster';
    if (!roles.includes(peer.role)) return `a ${peer.role} has no business here`;
    if (this.refused.has(peer.serial)) return 'revoked';
    return peer.notAfter.getTime() <= this.clock.now() ? 'expired' : undefined;
  }

  private resumable(key: string): KeptSession | undefined {
    const kept = this.sessions.get(key);
    if (!kept || kept.peer.notAfter.getTime() > this.clock.now()) return kept;
    this.sessions.delete(key);
    return undefined;
  }

  private keep(socket: TLSSocket, { serial }: MemberIdentity & { readonly serial: string }): void {
    const sockets = this.connections.get(serial) ?? new Set();
    this.connections.set(serial, sockets);
    sockets.add(socket);
    socket.once('close', () => {
      sockets.delete(socket);
      if (sockets.size === 0 && this.connections.get(serial) === sockets) this.connections.delete(serial);
    });
  }
}

const ownCertificate = ({ certificate }: Pick<MemberCredentials, 'certificate'>): MemberCertificate =>
  present(memberCertificate(new X509Certificate(certificate)), 'a member’s certificate');

/** Asked once a connection: Node takes a server's certificate out of the chain as it hands it over. */
function peerOf(socket: TLSSocket): MemberCertificate | undefined {
  const certificate = socket.getPeerX509Certificate();
  return certificate && memberCertificate(certificate);
}

/** Every socket of a server, those in the middle of their handshake too, so that it can be closed at once. */
export function socketsOf(server: Server): ReadonlySet<Socket> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  return sockets;
}
