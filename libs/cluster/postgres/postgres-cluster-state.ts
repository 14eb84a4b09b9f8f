import {
  type ClusterEvent,
  type ClusterEventKind,
  type ClusterSnapshot,
  type ClusterState,
  ClusterStateUnavailableError,
  type FailBackPolicy,
  type FeatureRaise,
  type FillLimits,
  type LeaderLease,
  type NodeMember,
  type NodeState,
  type RequestedMove,
  type Volume,
  type VolumeRoute,
  type VolumeState,
  type WantedOwner,
} from '#cluster/api';
import { type Database, isDatabaseUnavailable, NotificationListener, type Queryable } from '#database';
import type { Clock, Logger, Release } from '#stdx';
import { raiseFeatureLevel } from './features.ts';
import { leads, readLease, renewLease, resignLease, takeLease } from './leadership.ts';
import { addNode, heartbeatHub, removeHub, removeNode, setNodeState, takeHubDown, updateNode } from './members.ts';
import { type EventRow, eventOf, type VolumeRow } from './rows.ts';
import { readSnapshot } from './snapshot.ts';
import { addVolume, assignVolumes, recordHealth, setVolumeState, updateVolume } from './volumes.ts';

/** Most events one `events()` call returns. */
const EVENTS_MAX = 1_000;

/**
 * One cluster's rows in PostgreSQL. All times are the server's; every write of a leader runs in a transaction that
 * first locks the lease row `WHERE epoch = …`, so that it commits while it leads or not at all.
 */
export class PostgresClusterState implements ClusterState {
  private readonly listeners = new Set<() => void>();
  private notifications: NotificationListener | undefined;

  /** `url` is for the LISTEN connection, which is opened with the first `watch`. */
  constructor(
    readonly clusterId: string,
    private readonly database: Database,
    private readonly url: string,
    private readonly clock: Clock,
    private readonly logger: Logger,
  ) {}

  acquireLeadership(hubId: string, ttlMs: number): Promise<LeaderLease | undefined> {
    return this.ask(() => takeLease(this.database.pool, this.clusterId, hubId, ttlMs));
  }

  renewLeadership(hubId: string, epoch: number, ttlMs: number): Promise<LeaderLease | undefined> {
    return this.ask(() => renewLease(this.database.pool, this.clusterId, hubId, epoch, ttlMs));
  }

  resignLeadership(hubId: string, epoch: number): Promise<void> {
    return this.ask(() => resignLease(this.database.pool, this.clusterId, hubId, epoch));
  }

  readLeadership(): Promise<LeaderLease | undefined> {
    return this.ask(() => readLease(this.database.pool, this.clusterId));
  }

  snapshot(): Promise<ClusterSnapshot> {
    return this.write(async (client) => {
      await client.query('SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY');
      return readSnapshot(client, this.clusterId);
    });
  }

  routes(): Promise<readonly VolumeRoute[]> {
    return this.ask(async () => {
      const rows = await this.database.query<VolumeRow>(
        'SELECT id, epoch, owner_node_id, state FROM volume WHERE cluster_id = $1',
        [this.clusterId],
      );
      return rows.map((row) => ({
        volumeId: row.id,
        epoch: Number(row.epoch),
        ownerNodeId: row.owner_node_id,
        state: row.state,
      }));
    });
  }

  heartbeatHub(hub: Parameters<ClusterState['heartbeatHub']>[0]): Promise<void> {
    return this.ask(() => heartbeatHub(this.database, this.clusterId, hub));
  }

  async markHubDown(leaderEpoch: number, hubId: string): Promise<boolean> {
    return (await this.asLeader(leaderEpoch, (client) => takeHubDown(client, this.clusterId, hubId))) ?? false;
  }

  async stopHub(hubId: string): Promise<void> {
    await this.write((client) => takeHubDown(client, this.clusterId, hubId, 'stopped'));
  }

  async removeHub(hubId: string): Promise<void> {
    await this.write((client) => removeHub(client, this.clusterId, hubId));
  }

  async setNodeState(leaderEpoch: number, nodeId: string, state: NodeState, release?: Release): Promise<boolean> {
    const done = await this.asLeader(leaderEpoch, (client) =>
      setNodeState(client, this.clusterId, nodeId, state, release),
    );
    return done ?? false;
  }

  async assignVolume(
    leaderEpoch: number,
    volumeId: string,
    fromEpoch: number,
    nodeId: string | null,
  ): Promise<number | undefined> {
    const assigned = await this.asLeader(leaderEpoch, (client) =>
      assignVolumes(client, this.clusterId, [{ volumeId, fromEpoch, nodeId }]),
    );
    return assigned?.get(volumeId);
  }

  declareDown(
    leaderEpoch: number,
    nodeId: string,
    wanted: readonly WantedOwner[],
    state: 'down' | 'stopped',
  ): Promise<ReadonlyMap<string, number> | undefined> {
    return this.asLeader(leaderEpoch, async (client) => {
      await client.query('UPDATE node SET state = $3 WHERE cluster_id = $1 AND id = $2', [
        this.clusterId,
        nodeId,
        state,
      ]);
      return assignVolumes(client, this.clusterId, wanted, [nodeId]);
    });
  }

  async recordSeen(leaderEpoch: number, nodeIds: readonly string[]): Promise<boolean> {
    const done = await this.asLeader(leaderEpoch, async (client) => {
      await client.query('UPDATE node SET last_seen_at = clock_timestamp() WHERE cluster_id = $1 AND id = ANY($2)', [
        this.clusterId,
        nodeIds,
      ]);
      return true;
    });
    return done ?? false;
  }

  async setVolumeState(leaderEpoch: number, volumeId: string, epoch: number, state: VolumeState): Promise<boolean> {
    const done = await this.asLeader(leaderEpoch, (client) =>
      setVolumeState(client, this.clusterId, volumeId, epoch, state),
    );
    return done ?? false;
  }

  async recordHealth(leaderEpoch: number, found: Parameters<ClusterState['recordHealth']>[1]): Promise<boolean> {
    const done = await this.asLeader(leaderEpoch, async (client) => {
      await recordHealth(client, this.clusterId, found);
      return true;
    });
    return done ?? false;
  }

  addNode(node: Parameters<ClusterState['addNode']>[0]): Promise<NodeMember> {
    return this.write((client) => addNode(client, this.clusterId, node));
  }

  removeNode(nodeId: string): Promise<void> {
    return this.write((client) => removeNode(client, this.clusterId, nodeId));
  }

  updateNode(nodeId: string, change: Parameters<ClusterState['updateNode']>[1]): Promise<void> {
    return this.ask(() => updateNode(this.database, this.clusterId, nodeId, change));
  }

  updateVolume(volumeId: string, change: Parameters<ClusterState['updateVolume']>[1]): Promise<void> {
    return this.ask(() => updateVolume(this.database, this.clusterId, volumeId, change));
  }

  async setFailBack({ mode, afterMs }: FailBackPolicy): Promise<void> {
    await this.ask(() =>
      this.database.query('UPDATE cluster SET fail_back = $2, fail_back_after_ms = $3 WHERE id = $1', [
        this.clusterId,
        mode,
        afterMs,
      ]),
    );
  }

  async setFillLimits({ warnPercent, fullPercent }: FillLimits): Promise<void> {
    await this.ask(() =>
      this.database.query('UPDATE cluster SET volume_warn_percent = $2, volume_full_percent = $3 WHERE id = $1', [
        this.clusterId,
        warnPercent,
        fullPercent,
      ]),
    );
  }

  async setFeatureRaise(how: FeatureRaise): Promise<void> {
    await this.ask(() =>
      this.database.query('UPDATE cluster SET feature_raise = $2 WHERE id = $1', [this.clusterId, how]),
    );
  }

  raiseFeatureLevel(level: number): Promise<readonly string[]> {
    return this.write((client) => raiseFeatureLevel(client, this.clusterId, level));
  }

  addVolume(volume: Parameters<ClusterState['addVolume']>[0]): Promise<Volume> {
    return this.write((client) => addVolume(client, this.clusterId, volume));
  }

  requestMove(volumeId: string, toNodeId: string | null): Promise<void> {
    return this.change('UPDATE volume SET move_to_node_id = $3 WHERE cluster_id = $1 AND id = $2', volumeId, toNodeId);
  }

  async requestedMoves(): Promise<readonly RequestedMove[]> {
    return (await this.snapshot()).moves;
  }

  requestDrain(nodeId: string, drain: boolean): Promise<void> {
    return this.change('UPDATE node SET drain = $3 WHERE cluster_id = $1 AND id = $2', nodeId, drain);
  }

  async drains(): Promise<readonly string[]> {
    return (await this.snapshot()).drains;
  }

  async recordEvent(
    kind: ClusterEventKind,
    subject: string,
    detail: Readonly<Record<string, unknown>>,
    durationMs?: number,
  ): Promise<void> {
    await this.ask(() =>
      this.database.query(
        `INSERT INTO cluster_event (cluster_id, partner_id, kind, subject, detail, duration_ms)
         SELECT id, partner_id, $2, $3, $4, $5 FROM cluster WHERE id = $1`,
        [this.clusterId, kind, subject, JSON.stringify(detail), durationMs ?? null],
      ),
    );
  }

  /** Ascending by id. Without `after`, the newest ones. */
  events(input: { readonly limit: number; readonly after?: number }): Promise<readonly ClusterEvent[]> {
    const limit = Math.min(input.limit, EVENTS_MAX);
    return this.ask(async () => {
      const rows =
        input.after === undefined
          ? await this.database.query<EventRow>(
              `SELECT * FROM (SELECT * FROM cluster_event WHERE cluster_id = $1 ORDER BY id DESC LIMIT $2) newest ORDER BY id`,
              [this.clusterId, limit],
            )
          : await this.database.query<EventRow>(
              'SELECT * FROM cluster_event WHERE cluster_id = $1 AND id > $3 ORDER BY id LIMIT $2',
              [this.clusterId, limit, input.after],
            );
      return rows.map(eventOf);
    });
  }

  watch(listener: () => void): () => void {
    this.listeners.add(listener);
    if (!this.notifications) {
      const announce = (): void => {
        for (const each of this.listeners) each();
      };
      this.notifications = new NotificationListener(
        this.url,
        ['cluster_changed'],
        (_channel, payload) => {
          if (payload === this.clusterId) announce();
        },
        announce,
        this.clock,
        this.logger,
      );
      void this.notifications.start();
    }
    return () => this.listeners.delete(listener);
  }

  /** Ends the LISTEN connection; the pool is its owner's to close. */
  async close(): Promise<void> {
    this.listeners.clear();
    await this.notifications?.close();
  }

  private async ask<T>(question: () => Promise<T>): Promise<T> {
    try {
      return await question();
    } catch (error) {
      if (isDatabaseUnavailable(error))
        throw new ClusterStateUnavailableError('the control plane does not answer', { cause: error });
      throw error;
    }
  }

  private write<T>(work: (client: Queryable) => Promise<T>): Promise<T> {
    return this.ask(() => this.database.transaction(work));
  }

  private asLeader<T>(leaderEpoch: number, work: (client: Queryable) => Promise<T>): Promise<T | undefined> {
    return this.write(async (client) =>
      (await leads(client, this.clusterId, leaderEpoch)) ? work(client) : undefined,
    );
  }

  private async change(sql: string, id: string, value: unknown): Promise<void> {
    await this.ask(() => this.database.query(sql, [this.clusterId, id, value]));
  }
}
