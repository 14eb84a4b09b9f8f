import type { AddressInfo, Socket } from 'node:net';
import type { Server } from 'node:tls';
import type { ConnectedHub, ControlledNode } from '#cluster/api';
import { type Clock, common, type Logger, RELEASE, type Release, releaseOf, spanText } from '#stdx';
import { type MemberTrust, socketsOf } from '#trust';
import { JsonLineReader, jsonLine } from './json-lines.ts';
import {
  type Answer,
  HELLO_BYTES_MAX,
  type Hello,
  helloSchema,
  MESSAGE_BYTES_MAX,
  type News,
  type Request,
  requestSchema,
  type Verdict,
} from './messages.ts';

export interface ControlServerSettings {
  /** How long a caller may take to prove itself, and then to say hello; default 5,000. */
  readonly helloTimeoutMs?: number;
  /** Told of the certificates that the hubs say are revoked. */
  readonly onRefused?: (serials: readonly string[]) => void;
  /** Connections at once, strangers included; default 1,000: ten times the hubs of the largest cluster tried. */
  readonly connectionsMax?: number;
  /** What this node says it is; default what it is. */
  readonly release?: Release;
}

const HELLO_TIMEOUT_MS = 5_000;
const CONNECTIONS_MAX = 1_000;
const REASON_CHARS_MAX = 2_000;
const UNREAD_BYTES_MAX = 16 * MESSAGE_BYTES_MAX;

/** The node's end of the control protocol. It does nothing for who has not proved to be a hub of the cluster. */
export class ControlServer {
  private readonly server: Server;
  private readonly sockets: ReadonlySet<Socket>;
  private readonly links = new Set<HubLink>();
  private readonly helloTimeoutMs: number;
  private readonly onRefused: (serials: readonly string[]) => void;
  private readonly release: Release;

  constructor(
    private readonly trust: MemberTrust,
    private readonly node: ControlledNode,
    private readonly clock: Clock,
    private readonly logger: Logger,
    settings: ControlServerSettings = {},
  ) {
    const { helloTimeoutMs = HELLO_TIMEOUT_MS, connectionsMax = CONNECTIONS_MAX } = settings;
    this.helloTimeoutMs = helloTimeoutMs;
    this.onRefused = settings.onRefused ?? (() => {});
    this.release = settings.release ?? RELEASE;
    this.server = trust.createServer(['hub'], (socket, { memberId }) => this.accept(socket, memberId), {
      handshakeTimeoutMs: helloTimeoutMs,
    });
    this.server.maxConnections = connectionsMax;
    this.sockets = socketsOf(this.server);
  }

  /** Resolves with the port. */
  async listen(host: string, port: number): Promise<number> {
    await new Promise<void>((resolve, reject) => this.server.once('error', reject).listen(port, host, resolve));
    return (this.server.address() as AddressInfo).port;
  }

  /** Hubs that are connected now, each once. */
  hubs(): readonly ConnectedHub[] {
    const known = new Map<string, ConnectedHub>();
    for (const { hub } of this.links) if (hub) known.set(hub.hubId, hub);
    return [...known.values()];
  }

  /** Tells every hub at once how the node's volumes are: it need not wait to be asked. */
  announce(): void {
    for (const link of this.links) link.announce();
  }

  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.server.close(() => resolve()));
    for (const link of this.links) link.drop();
    for (const socket of this.sockets) socket.destroy();
    await closed;
  }

  /** What one hub says counts here until this process ends. */
  private refuse(serials: readonly string[]): void {
    this.trust.refuse(serials);
    this.onRefused(serials);
  }

  private accept(socket: Socket, hubId: string): void {
    const { node, release, logger } = this;
    const link = new HubLink(socket, hubId, { node, release, onRefused: (serials) => this.refuse(serials), logger });
    this.links.add(link);
    const timer = this.clock.after(this.helloTimeoutMs, () => {
      if (!link.hub) link.drop();
    });
    socket.on('close', () => {
      timer.cancel();
      this.links.delete(link);
      if (link.hub) this.logger.info({ hub: link.hub.name }, 'a hub disconnected');
    });
  }
}

/** One connection of a hub: first it says its name, then what it wants. */
class HubLink {
  hub: ConnectedHub | undefined;
  private readonly reader = new JsonLineReader(HELLO_BYTES_MAX);

  constructor(
    private readonly socket: Socket,
    private readonly hubId: string,
    private readonly parts: {
      readonly node: ControlledNode;
      readonly release: Release;
      readonly onRefused: (serials: readonly string[]) => void;
      readonly logger: Logger;
    },
  ) {
    socket.on('error', () => {});
    socket.on('data', (chunk) => this.read(chunk));
  }

  announce(): void {
    if (this.hub) this.answer({ t: 'news', report: this.parts.node.report() });
  }

  drop(): void {
    this.socket.destroy();
  }

  private read(chunk: Buffer): void {
    try {
      this.reader.push(chunk, (value) => {
        if (this.hub) this.serve(requestSchema.parse(value));
        else this.greet(helloSchema.parse(value));
      });
    } catch (error) {
      const { remoteAddress } = this.socket;
      this.parts.logger.warn({ remoteAddress, error: (error as Error).message }, 'control connection dropped');
      // A hub from before releases had numbers is told so; one that broke the protocol later is not.
      if (!this.hub) this.deny('the hello is not understood');
      this.socket.destroySoon();
    }
  }

  private greet({ name, relay, version, protocol }: Hello): void {
    const { release, logger } = this.parts;
    const speaks = common(protocol, release.protocol);
    if (speaks === undefined) {
      const reason = `the hub is release ${version} and speaks protocol ${spanText(protocol)}, this node is ${release.version} and speaks ${spanText(release.protocol)}: they must be neighbours`;
      logger.warn({ hub: name, reason }, 'a hub was refused');
      this.deny(reason);
      this.socket.destroySoon();
      return;
    }
    this.hub = { hubId: this.hubId, name, relay };
    this.reader.lineBytesMax = MESSAGE_BYTES_MAX;
    this.send({ t: 'welcome', ...releaseOf(release), speaks });
    logger.info({ hub: name, relay, version, speaks }, 'a hub connected');
    // A hub acts on what the node owns as soon as it knows it.
    this.announce();
  }

  private deny(reason: string): void {
    this.send({ t: 'denied', reason, ...releaseOf(this.parts.release) });
  }

  private serve(request: Request): void {
    const { node, onRefused } = this.parts;
    switch (request.t) {
      case 'probe':
        this.answer({ t: 'report', n: request.n, report: node.report() });
        return;
      case 'renew':
        node.renew(request.grant);
        return;
      case 'refuse':
        onRefused(request.serials);
        return;
      case 'open':
        node
          .open(request.order)
          .then((report) => this.answer({ t: 'opened', n: request.n, report }))
          .catch((error) => this.broken(error));
        return;
      case 'close':
        node
          .close(request.order)
          .then(() => this.answer({ t: 'closed', n: request.n }))
          .catch((error) => this.broken(error));
        return;
    }
  }

  /** A fault of this program: the hub sees a lost connection and asks anew. */
  private broken(error: Error): void {
    this.parts.logger.error({ error: error.stack ?? error.message }, 'a control request failed');
    this.drop();
  }

  private answer(answer: Answer | News): void {
    this.send(shortened(answer));
  }

  private send(message: Answer | News | Verdict): void {
    if (!this.socket.writable) return;
    this.socket.write(jsonLine(message));
    // A hub that asks and never reads is no hub.
    if (this.socket.writableLength > UNREAD_BYTES_MAX) this.drop();
  }
}

/** Reasons come from storage and drivers and may be of any length; the wire has a limit. */
function shortened(answer: Answer | News): Answer | News {
  const cut = (reason: string): string => reason.slice(0, REASON_CHARS_MAX);
  if (answer.t === 'opened' && !answer.report.ok)
    return { ...answer, report: { ...answer.report, reason: cut(answer.report.reason) } };
  if (answer.t !== 'report' && answer.t !== 'news') return answer;
  const volumes = answer.report.volumes.map((volume) =>
    volume.reason === undefined ? volume : { ...volume, reason: cut(volume.reason) },
  );
  return { ...answer, report: { ...answer.report, volumes } };
}
