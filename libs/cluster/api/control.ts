import type { Release } from '#stdx';
import type { ColdTier, Endpoint, MountSpec, NodeMember, StorageState } from './model.ts';

/**
 * What a node says of a volume it has or had.
 * `opening`: assigned, not yet usable. `serving`: lock and lease are held. `closing`: lets go.
 * `released`: let go when told. `fenced`: let go by itself, its lease having ended. `failed`: the storage failed it.
 */
export type HeldState = 'opening' | 'serving' | 'closing' | 'released' | 'fenced' | 'failed';

export interface HeldVolume {
  readonly volumeId: string;
  readonly epoch: number;
  readonly state: HeldState;
  /** Why it is fenced, failed or being let go; for people. */
  readonly reason?: string;
  /** False when its storage refuses writes (full, read-only). */
  readonly writable: boolean;
  /** Once it was looked at. */
  readonly storage?: StorageState;
}

/** A node's answer to a probe. */
export interface NodeReport extends Release {
  /** Differs after each start of the node's process. */
  readonly instance: string;
  /** It was told to stop: it serves what it has until that is taken from it, and wants nothing new. */
  readonly stopping: boolean;
  /** The node's monotonic clock when it answered. A lease granted on this answer runs from here, so that no delay on the wire can lengthen it. */
  readonly stamp: number;
  readonly volumes: readonly HeldVolume[];
}

/** "You own these, at these epochs": extends their owner's leases to `stamp` + the lease's length. */
export interface LeaseGrant {
  /** The process it is meant for; stamps of another mean nothing. */
  readonly instance: string;
  readonly stamp: number;
  readonly volumes: readonly { readonly volumeId: string; readonly epoch: number }[];
}

/** The leader gives a volume to a node. */
export interface OpenOrder {
  readonly volumeId: string;
  readonly epoch: number;
  readonly mount: MountSpec;
  /** The volume has never served: an empty directory may be made it, once the mount has proved that it keeps locks. */
  readonly create: boolean;
  /** The cluster's: the store may take no newer format than that. */
  readonly featureLevel: number;
  /** Executable and arguments to run on the node when the lock is still held after `lockWaitMs`. */
  readonly fence: readonly string[] | null;
  /** Where its old mail is; a hub of before there was any does not say. */
  readonly cold: ColdTier | null;
  readonly lockWaitMs: number;
  /** From the node's last report: the process it is meant for, and the stamp its first lease runs from. */
  readonly instance: string;
  readonly stamp: number;
}

/** Whoever holds the volume below `belowEpoch` lets go: a later epoch is somebody else's. A fact, so that any hub may say it. */
export interface CloseOrder {
  readonly volumeId: string;
  readonly belowEpoch: number;
  readonly reason: string;
}

/** One step of taking a volume. */
export interface OpenStep {
  readonly step: 'mount' | 'identify' | 'lock' | 'fence' | 'open';
  readonly durationMs: number;
}

export type OpenRefusal =
  /** The node knows of a later epoch, or was told to let go meanwhile. */
  | 'superseded'
  /** Unknown driver, or the mount failed. */
  | 'mountFailed'
  /** The directory is another volume's, or no volume at all. */
  | 'wrongIdentity'
  /** The storage refused to open it. */
  | 'openFailed'
  /** No hub renewed the lease while it was being opened. */
  | 'leaseExpired'
  /** The order was meant for a former process of the node, or the node is stopping. */
  | 'notMe';

export type OpenReport =
  | { readonly ok: true; readonly steps: readonly OpenStep[] }
  | {
      readonly ok: false;
      readonly refusal: OpenRefusal;
      readonly reason: string;
      readonly steps: readonly OpenStep[];
    };

/**
 * Why a node did not answer. `refused`: its machine says that nobody listens — a dead process, known at once.
 * `silent`: nothing at all came back; it may be dead, cut off or slow. `denied`: it answers, but not as a member of this cluster.
 */
export class NodeUnreachableError extends Error {
  override readonly name = 'NodeUnreachableError';
  constructor(
    readonly why: 'refused' | 'silent' | 'denied',
    message: string = why,
  ) {
    super(message);
  }
}

/** What a hub hears of nodes without asking. */
export interface NodeControlListener {
  /** A control connection ended and a new one was refused. */
  refused(nodeId: string): void;
  /** The node answers, and does not want this hub: mostly because their releases are too far apart. */
  denied?(nodeId: string, reason: string, release: Release): void;
  /** The node has news of its volumes. */
  reported(nodeId: string, report: NodeReport): void;
}

/** A hub's hands on the nodes. Every call rejects `NodeUnreachableError` when the node did not answer. */
export interface NodeControl {
  /** Resolves with the node's answer; the caller decides how long to wait. */
  probe(node: NodeMember): Promise<NodeReport>;
  /** Tells, without an answer. Lost grants are made good by the next ones. */
  renew(node: NodeMember, grant: LeaseGrant): void;
  /** Idempotent for one epoch: asked again while opening or serving, it answers when and as the first does. */
  open(node: NodeMember, order: OpenOrder): Promise<OpenReport>;
  /** Resolves once whatever was held below the epoch is closed and its lock released. */
  close(node: NodeMember, order: CloseOrder): Promise<void>;
  /** Returns the unsubscribe. */
  watch(listener: NodeControlListener): () => void;
  /** The node is no longer a member: drop its connection. */
  forget(nodeId: string): void;
}

/** The node's side of the same: what its agent answers to hubs. */
export interface ControlledNode {
  report(): NodeReport;
  renew(grant: LeaseGrant): void;
  open(order: OpenOrder): Promise<OpenReport>;
  close(order: CloseOrder): Promise<void>;
}

/** What a node knows of a hub that is connected to it. */
export interface ConnectedHub {
  readonly hubId: string;
  readonly name: string;
  /** Where it takes mail for other volumes. */
  readonly relay: Endpoint;
}
