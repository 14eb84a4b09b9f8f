import type { AddressInfo } from 'node:net';
import { createServer, type Server, type Socket } from 'node:net';
import type { ConnectedHub, ControlledNode } from '#cluster/api';
import type { Clock, Logger, Random } from '#stdx';
import { JsonLineReader, jsonLine } from './json-lines.ts';
import {
  type Answer,
  CONTROL_PROTOCOL,
  HELLO_BYTES_MAX,
  type Hello,
  helloSchema,
  MESSAGE_BYTES_MAX,
  type News,
  NONCE_BYTES,
  proof,
  type Request,
  requestSchema,
  sameProof,
} from './messages.ts';

export interface ControlServerSettings {
  readonly clusterId: string;
  readonly nodeId: string;
  readonly key: Uint8Array;
  /** How long a caller may take to prove itself; default 5,000. */
  readonly helloTimeoutMs?: number;
  /** Connections at once, strangers included; default 1,000: ten times the hubs of the largest cluster tried. */
  readonly connectionsMax?: number;
}

const HELLO_TIMEOUT_MS = 5_000;
const CONNECTIONS_MAX = 1_000;
const REASON_CHARS_MAX = 2_000;
const UNREAD_BYTES_MAX = 16 * MESSAGE_BYTES_MAX;

/** The node's end of the control protocol. It does nothing for who has not proved to hold the cluster's key. */
export class ControlServer {
  private readonly server: Server;
  private readonly links = new Set<HubLink>();

  constructor(
    private readonly settings: ControlServerSettings,
    private readonly node: ControlledNode,
    private readonly clock: Clock,
    private readonly random: Random,
    private readonly logger: Logger,
  ) {
    this.server = createServer({ noDelay: true }, (socket) => this.accept(socket));
    this.server.maxConnections = settings.connectionsMax ?? CONNECTIONS_MAX;
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
    await closed;
  }

  private accept(socket: Socket): void {
    const link = new HubLink(
      socket,
      this.settings,
      this.node,
      this.random.bytes(NONCE_BYTES).toString('hex'),
      this.logger,
    );
    this.links.add(link);
    const timer = this.clock.after(this.settings.helloTimeoutMs ?? HELLO_TIMEOUT_MS, () => {
      if (!link.hub) link.drop();
    });
    socket.on('close', () => {
      timer.cancel();
      this.links.delete(link);
      if (link.hub) this.logger.info({ hub: link.hub.name }, 'a hub disconnected');
    });
  }
}

/** One connection: first a stranger, then a hub. */
class HubLink {
  hub: ConnectedHub | undefined;
  private readonly reader = new JsonLineReader(HELLO_BYTES_MAX);

  constructor(
    private readonly socket: Socket,
    private readonly settings: ControlServerSettings,
    private readonly node: ControlledNode,
    private readonly nonce: string,
    private readonly logger: Logger,
  ) {
    socket.on('error', () => {});
    socket.on('data', (chunk) => this.read(chunk));
    this.send({ t: 'challenge', protocol: CONTROL_PROTOCOL, node: settings.nodeId, nonce });
  }

  announce(): void {
    if (this.hub) this.answer({ t: 'news', report: this.node.report() });
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
      this.logger.warn({ remoteAddress, error: (error as Error).message }, 'control connection dropped');
      this.drop();
    }
  }

  private greet(hello: Hello): void {
    const { clusterId, nodeId, key } = this.settings;
    if (!sameProof(hello.mac, proof('hub', key, hello, this.nonce))) {
      this.deny('wrong proof');
      return;
    }
    if (hello.cluster !== clusterId || hello.node !== nodeId) {
      this.deny('another cluster or node is meant');
      return;
    }
    this.hub = { hubId: hello.hub, name: hello.name, relay: hello.relay };
    this.reader.lineBytesMax = MESSAGE_BYTES_MAX;
    this.send({ t: 'welcome', mac: proof('node', key, hello, this.nonce) });
    this.logger.info({ hub: hello.name, relay: hello.relay }, 'a hub connected');
    // A hub acts on what the node owns as soon as it knows it.
    this.announce();
  }

  private deny(reason: string): void {
    this.logger.warn({ remoteAddress: this.socket.remoteAddress, reason }, 'control connection denied');
    this.send({ t: 'denied', reason });
    this.socket.destroySoon();
  }

  private serve(request: Request): void {
    switch (request.t) {
      case 'probe':
        this.answer({ t: 'report', n: request.n, report: this.node.report() });
        return;
      case 'renew':
        this.node.renew(request.grant);
        return;
      case 'open':
        this.node
          .open(request.order)
          .then((report) => this.answer({ t: 'opened', n: request.n, report }))
          .catch((error) => this.broken(error));
        return;
      case 'close':
        this.node
          .close(request.order)
          .then(() => this.answer({ t: 'closed', n: request.n }))
          .catch((error) => this.broken(error));
        return;
    }
  }

  /** A fault of this program: the hub sees a lost connection and asks anew. */
  private broken(error: Error): void {
    this.logger.error({ error: error.stack ?? error.message }, 'a control request failed');
    this.drop();
  }

  private answer(answer: Answer | News): void {
    this.send(shortened(answer));
  }

  private send(message: unknown): void {
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
