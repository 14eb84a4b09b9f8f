import type { ClusterEvent as EventView, Hub as HubView, Node as NodeView, Volume as VolumeView } from '#api-schema';
import type { ClusterEvent, ClusterSnapshot, HubMember, NodeMember, Volume } from '#cluster/api';
import { releaseOf } from '#stdx';

/** What is not in the cluster's own rows. */
export interface Figures {
  /** By volume id. */
  readonly accounts: ReadonlyMap<string, number>;
  /** By volume id, of the volumes whose node answered. */
  readonly bytes: ReadonlyMap<string, number>;
}

/** Names of all members by id. */
export function namesOf({ hubs, nodes, volumes }: ClusterSnapshot): ReadonlyMap<string, string> {
  return new Map([...hubs, ...nodes, ...volumes].map(({ id, name }) => [id, name]));
}

export function hubView(hub: HubMember, { leader }: ClusterSnapshot): HubView {
  return {
    id: hub.id,
    name: hub.name,
    leader: leader?.holderHubId === hub.id,
    state: hub.state,
    ...releaseOf(hub),
    sessions: hub.sessions,
    relay: hub.relay,
    tlsNotAfter: hub.tlsNotAfter?.toISOString() ?? null,
    startedAt: hub.startedAt.toISOString(),
    lastSeenAt: hub.lastSeenAt.toISOString(),
  };
}

export function nodeView(node: NodeMember, { volumes, drains }: ClusterSnapshot, { accounts }: Figures): NodeView {
  const owned = volumes.filter(({ ownerNodeId }) => ownerNodeId === node.id).map(({ id }) => id);
  return {
    id: node.id,
    name: node.name,
    state: node.state,
    draining: drains.includes(node.id),
    eligible: node.eligible,
    weight: node.weight,
    ...releaseOf(node),
    volumes: owned,
    load: { volumes: owned.length, accounts: owned.reduce((sum, id) => sum + (accounts.get(id) ?? 0), 0) },
    control: node.control,
    data: node.data,
    lastSeenAt: node.lastSeenAt?.toISOString() ?? null,
  };
}

export function volumeView(volume: Volume, snapshot: ClusterSnapshot, { accounts, bytes }: Figures): VolumeView {
  const names = namesOf(snapshot);
  const nameOf = (id: string | null | undefined): string | null => (id ? (names.get(id) ?? id) : null);
  const move = snapshot.moves.find(({ volumeId }) => volumeId === volume.id);
  return {
    id: volume.id,
    name: volume.name,
    state: volume.state,
    owner: nameOf(volume.ownerNodeId),
    epoch: volume.epoch,
    accounts: accounts.get(volume.id) ?? 0,
    bytes: bytes.get(volume.id) ?? null,
    writable: volume.health.writable,
    disk: diskOf(volume),
    volumeClass: volume.volumeClass,
    weight: volume.weight,
    preferredNode: nameOf(volume.preferredNodeId),
    movingTo: nameOf(move?.toNodeId),
    mount: { ...volume.mount, args: [...volume.mount.args] },
  };
}

function diskOf({ health: { storage } }: Volume): VolumeView['disk'] {
  return storage && { bytes: storage.diskBytes, freeBytes: storage.diskFreeBytes, trouble: storage.trouble };
}

export function eventView(event: ClusterEvent, names: ReadonlyMap<string, string>): EventView {
  return {
    id: event.id,
    at: event.at.toISOString(),
    kind: event.kind,
    subject: event.subject,
    name: names.get(event.subject) ?? null,
    durationMs: event.durationMs,
    detail: { ...event.detail },
  };
}
