import type { AddressInfo, Socket } from 'node:net';
import type { Server } from 'node:tls';
import { decodePreface, encodePrefaceReply, PREFACE_BYTES_MAX, type PrefaceReply } from '#protocol/handover';
import { type Clock, LF, type Logger } from '#stdx';
import { type MemberTrust, socketsOf } from '#trust';

/** How long a node may take to say who it is. */
const PREFACE_MS = 10_000;

/** LMTP from the cluster's own nodes: mutual TLS, a signed preface, then whatever `serve` speaks. */
export class RelayPort {
  private readonly server: Server;
  private readonly sockets: ReadonlySet<Socket>;

  constructor(
    trust: MemberTrust,
    private readonly key: Uint8Array,
    private readonly clock: Clock,
    private readonly logger: Logger,
    private readonly serve: (socket: Socket, client: { readonly address: string; readonly port: number }) => void,
  ) {
    this.server = trust.createServer(['node'], (socket) => this.accept(socket), { allowHalfOpen: true });
    this.sockets = socketsOf(this.server);
  }

  async listen(host: string, port: number): Promise<number> {
    await new Promise<void>((resolve, reject) => this.server.once('error', reject).listen(port, host, resolve));
    return (this.server.address() as AddressInfo).port;
  }

  close(): void {
    this.server.close();
  }

  destroy(): void {
    for (const socket of this.sockets) socket.destroy();
  }

  private accept(socket: Socket): void {
    let received: Buffer = Buffer.alloc(0);
    const drop = (): void => {
      socket.destroy();
    };
    const timer = this.clock.after(PREFACE_MS, drop);
    socket.on('error', drop);
    socket.once('close', () => timer.cancel());
    const onData = (chunk: Buffer): void => {
      received = Buffer.concat([received, chunk]);
      const end = received.indexOf(LF);
      if (end < 0 && received.length <= PREFACE_BYTES_MAX) return;
      timer.cancel();
      socket.off('data', onData).off('end', drop);
      socket.pause();
      this.begin(
        socket,
        received.toString('latin1', 0, Math.max(end, 0)).replace(/\r$/, ''),
        received.subarray(end + 1),
      );
    };
    socket.on('data', onData).on('end', drop);
  }

  private begin(socket: Socket, line: string, first: Buffer): void {
    const preface = decodePreface(line, this.key, this.clock.now());
    const reply: PrefaceReply =
      typeof preface === 'string'
        ? { ok: false, code: 'DENIED', text: preface }
        : preface.kind === 'lmtp'
          ? { ok: true }
          : { ok: false, code: 'UNAVAILABLE', text: `${preface.kind} is not served here` };
    if (!reply.ok) {
      this.logger.warn({ address: socket.remoteAddress, ...reply }, 'relay connection refused');
      socket.end(encodePrefaceReply(reply));
      socket.resume();
      return;
    }
    socket.write(encodePrefaceReply(reply));
    if (first.length > 0) socket.unshift(first);
    this.serve(socket, { address: socket.remoteAddress ?? '', port: socket.remotePort ?? 0 });
    socket.resume();
  }
}
