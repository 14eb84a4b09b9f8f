import {
  type CloseOrder,
  type LeaseGrant,
  type NodeControl,
  type NodeControlListener,
  type NodeMember,
  type NodeReport,
  NodeUnreachableError,
  type OpenOrder,
  type OpenReport,
} from '#cluster/api';
import type { Clock, Logger } from '#stdx';
import { type Answer, REFUSED_MAX } from './messages.ts';
import { type ConnectionSettings, type HubIdentity, NodeConnection } from './node-connection.ts';

const DEFAULTS: ConnectionSettings = { connectTimeoutMs: 1_000, retryMs: 100, silenceMsMax: 5_000 };

/** A hub's control connections, one to each node it was asked about. */
export class ControlClient implements NodeControl {
  private readonly connections = new Map<string, NodeConnection>();
  private readonly listeners = new Set<NodeControlListener>();
  private readonly settings: ConnectionSettings;
  private refused: readonly string[] = [];

  constructor(
    private readonly identity: HubIdentity,
    private readonly clock: Clock,
    private readonly logger: Logger,
    settings: Partial<ConnectionSettings> = {},
  ) {
    this.settings = { ...DEFAULTS, ...settings };
  }

  async probe(node: NodeMember): Promise<NodeReport> {
    const answer = await this.to(node).ask({ t: 'probe' });
    return answer.t === 'report' ? answer.report : confused(answer);
  }

  renew(node: NodeMember, grant: LeaseGrant): void {
    this.to(node).tell({ t: 'renew', grant });
  }

  async open(node: NodeMember, order: OpenOrder): Promise<OpenReport> {
    const answer = await this.to(node).ask({ t: 'open', order });
    return answer.t === 'opened' ? answer.report : confused(answer);
  }

  async close(node: NodeMember, order: CloseOrder): Promise<void> {
    const answer = await this.to(node).ask({ t: 'close', order });
    if (answer.t !== 'closed') confused(answer);
  }

  /** Tells every node, now and when it is connected anew, which certificates count no more. */
  refuse(serials: readonly string[]): void {
    this.refused = serials.slice(0, REFUSED_MAX);
    if (serials.length > REFUSED_MAX) this.logger.error({ revoked: serials.length }, 'too many revoked certificates');
    for (const connection of this.connections.values()) connection.tell({ t: 'refuse', serials: this.refused });
  }

  watch(listener: NodeControlListener): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  forget(nodeId: string): void {
    this.connections.get(nodeId)?.close();
    this.connections.delete(nodeId);
  }

  /** Ends every connection. */
  end(): void {
    for (const nodeId of [...this.connections.keys()]) this.forget(nodeId);
  }

  private to(node: NodeMember): NodeConnection {
    const known = this.connections.get(node.id);
    if (known && known.endpoint.host === node.control.host && known.endpoint.port === node.control.port) return known;
    known?.close();
    const { identity, settings, clock, logger } = this;
    const parts = { identity, settings, clock, logger };
    const connection = new NodeConnection(node.id, node.control, parts, {
      connected: (speaks) => {
        logger.info({ node: node.name, speaks }, 'connected to a node');
        if (this.refused.length > 0) connection.tell({ t: 'refuse', serials: this.refused });
      },
      denied: (reason, release) => {
        for (const listener of this.listeners) listener.denied?.(node.id, reason, release);
      },
      refused: () => {
        for (const listener of this.listeners) listener.refused(node.id);
      },
      reported: (report) => {
        for (const listener of this.listeners) listener.reported(node.id, report);
      },
    });
    this.connections.set(node.id, connection);
    return connection;
  }
}

function confused(answer: Answer): never {
  throw new NodeUnreachableError('denied', `it answered ${answer.t} to another question`);
}
