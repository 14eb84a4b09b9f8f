import { LmtpPool, type RelayMessage, type RelayOutcome } from '#relay';
import type { Clock, Random } from '#stdx';
import { DialError, dial, type HubCredentials } from './dial.ts';
import type { VolumeOwner } from './routing-map.ts';

export interface LaneSettings {
  /** LMTP connections to one node: above it, more only share the same commits. 64. */
  readonly connectionsMax: number;
  /** How long one node may take to answer one preface. 3,000. */
  readonly dialMs: number;
  /** How long a message waits for a free connection. 10,000. */
  readonly waitMs: number;
}

export const DEFAULT_LANE_SETTINGS: LaneSettings = { connectionsMax: 64, dialMs: 3_000, waitMs: 10_000 };

/** Pooled LMTP to every node. */
export class NodeLanes {
  private readonly pools = new Map<string, LmtpPool>();

  constructor(
    private readonly hub: HubCredentials,
    private readonly clock: Clock,
    private readonly random: Random,
    private readonly settings: LaneSettings = DEFAULT_LANE_SETTINGS,
  ) {}

  /** Throws `RelayError`, or what the message's own stream threw. */
  send(owner: VolumeOwner, message: RelayMessage): Promise<RelayOutcome> {
    return this.poolTo(owner).send(message);
  }

  /** Connections open now, and messages waiting for one. */
  get figures(): { readonly connections: number; readonly waiting: number } {
    let connections = 0;
    let waiting = 0;
    for (const pool of this.pools.values()) {
      connections += pool.figures.connections;
      waiting += pool.figures.waiting;
    }
    return { connections, waiting };
  }

  close(): void {
    for (const pool of this.pools.values()) pool.close();
    this.pools.clear();
  }

  private poolTo(owner: VolumeOwner): LmtpPool {
    const { host, port } = owner.endpoint;
    const key = `${owner.nodeId} ${host} ${port}`;
    let pool = this.pools.get(key);
    if (!pool) {
      pool = new LmtpPool({
        connect: () => this.connect(owner),
        clientName: this.hub.name,
        clock: this.clock,
        connectionsMax: this.settings.connectionsMax,
        waitMs: this.settings.waitMs,
      });
      this.pools.set(key, pool);
    }
    return pool;
  }

  private async connect(owner: VolumeOwner) {
    const preface = {
      kind: 'lmtp' as const,
      hub: this.hub.name,
      issuedAt: this.clock.now(),
      nonce: this.random.bytes(12).toString('base64url'),
    };
    const { socket, reply } = await dial(this.hub, owner, preface, this.clock, this.settings.dialMs);
    if (!reply.ok) throw new DialError(`node says ${reply.code} ${reply.text}`);
    // The pool listens as soon as it has the socket, which is paused: its first bytes may be here already.
    setImmediate(() => socket.resume());
    return socket;
  }
}
