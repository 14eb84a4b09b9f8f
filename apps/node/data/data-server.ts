import type { Socket } from 'node:net';
import type { Server } from 'node:tls';
import {
  decodePreface,
  encodePrefaceReply,
  PREFACE_BYTES_MAX,
  type Preface,
  type PrefaceReply,
  type ReadPreface,
} from '#protocol/handover';
import type { Clock, Logger, Timer } from '#stdx';
import { type MemberCertificate, type MemberRole, type MemberTrust, socketsOf } from '#trust';

/** How long a connection may take to say whose it is. */
const PREFACE_TIMEOUT_MS = 10_000;
const LF = 0x0a;

/** A leg whose preface was accepted. */
export interface OpenLeg<P extends Preface = Preface> {
  readonly socket: Socket;
  readonly preface: P;
  /** What arrived behind the preface. */
  readonly first: Buffer;
}

/** Serves a kind of leg: decides, then takes over the socket after `+OK` was written. */
export interface LegServer<P extends Preface> {
  admit(preface: P): PrefaceReply | Promise<PrefaceReply>;
  serve(leg: OpenLeg<P>): void;
}

export type PrefaceOf<K extends Preface['kind']> = Extract<Preface, { readonly kind: K }>;
export type LegServers = { readonly [K in Preface['kind']]?: LegServer<PrefaceOf<K>> };

/** Mail and sessions come from hubs alone; the control plane only asks. */
const mayOpen = (role: MemberRole, kind: Preface['kind']): boolean => role === 'hub' || kind === 'rpc';

/**
 * The node's data port: mutual TLS with hubs and the control plane, and every connection starts with a preface signed with
 * the cluster's key, and is nothing without it.
 */
export class DataServer {
  private readonly server: Server;
  private readonly sockets: ReadonlySet<Socket>;

  constructor(
    private readonly servers: LegServers,
    trust: MemberTrust,
    private readonly key: Uint8Array,
    private readonly clock: Clock,
    private readonly logger: Logger,
  ) {
    this.server = trust.createServer(['hub', 'control'], (socket, peer) => this.accept(socket, peer));
    this.sockets = socketsOf(this.server);
  }

  get connections(): number {
    return this.sockets.size;
  }

  async listen(host: string, port: number): Promise<void> {
    await new Promise<void>((resolve, reject) => this.server.once('error', reject).listen(port, host, resolve));
  }

  /** Takes nobody new. */
  stopAccepting(): void {
    this.server.close();
  }

  /** Ends whatever is left. */
  destroy(): void {
    this.server.close();
    for (const socket of this.sockets) socket.destroy();
  }

  private accept(socket: Socket, peer: MemberCertificate): void {
    let received: Buffer = Buffer.alloc(0);
    const timer: Timer = this.clock.after(PREFACE_TIMEOUT_MS, () => socket.destroy());
    const onError = (): void => {
      socket.destroy();
    };
    socket.on('error', onError);
    socket.once('close', () => timer.cancel());
    const onData = (chunk: Buffer): void => {
      received = received.length > 0 ? Buffer.concat([received, chunk]) : chunk;
      const end = received.indexOf(LF);
      if (end < 0 && received.length <= PREFACE_BYTES_MAX) return;
      timer.cancel();
      socket.off('data', onData);
      socket.pause();
      const line = received.toString('latin1', 0, Math.max(end, 0)).replace(/\r$/, '');
      this.begin(socket, peer, line, received.subarray(end + 1));
    };
    socket.on('data', onData);
  }

  private begin(socket: Socket, { role, memberId }: MemberCertificate, line: string, first: Buffer): void {
    const decoded = decodePreface(line, this.key, this.clock.now());
    const preface =
      typeof decoded === 'string' || mayOpen(role, decoded.kind) ? decoded : `${decoded.kind} of a ${role}`;
    if (typeof preface === 'string') {
      // Somebody who is no hub of this cluster, or a clock that is far off: either wants an operator's eye.
      this.logger.warn({ address: socket.remoteAddress, role, memberId, refusal: preface }, 'data connection refused');
      this.refuse(socket, { ok: false, code: 'DENIED', text: preface });
      return;
    }
    this.hand<Preface['kind']>(socket, preface, first).catch((error: Error) => {
      this.logger.error({ kind: preface.kind, error: error.stack ?? error.message }, 'data connection failed');
      socket.destroy();
    });
  }

  private async hand<K extends Preface['kind']>(
    socket: Socket,
    preface: PrefaceOf<K> & Pick<ReadPreface, 'speaks'>,
    first: Buffer,
  ): Promise<void> {
    const server = this.servers[preface.kind] as LegServer<PrefaceOf<K>> | undefined;
    const reply: PrefaceReply = (await server?.admit(preface)) ?? {
      ok: false,
      code: 'UNAVAILABLE',
      text: `${preface.kind} is not served here`,
    };
    if (!reply.ok || !server) {
      this.refuse(socket, reply);
      return;
    }
    socket.write(encodePrefaceReply({ ...reply, speaks: preface.speaks }));
    server.serve({ socket, preface, first });
  }

  private refuse(socket: Socket, reply: PrefaceReply): void {
    socket.end(encodePrefaceReply(reply));
    socket.resume();
  }
}
