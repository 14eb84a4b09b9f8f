import type { NodeMember, Volume } from './model.ts';

/** `preferred`: it goes to the node it prefers. `load`: it evens out what nodes carry. */
export interface VolumeAdvice {
  readonly volumeId: string;
  readonly fromNodeId: string;
  readonly toNodeId: string;
  readonly why: 'preferred' | 'load';
}

/**
 * Which volumes to move so that active nodes carry by their weights. Standbys stay free: they are who takes over, and cost
 * more once they carry something. A volume that prefers a node goes nowhere else. Each step lowers the fullest node, and the
 * advice ends where none does.
 */
export function adviseVolumes(
  nodes: readonly NodeMember[],
  volumes: readonly Volume[],
  drains: readonly string[],
): readonly VolumeAdvice[] {
  const usable = nodes.filter(({ id, state }) => (state === 'active' || state === 'standby') && !drains.includes(id));
  const advice = new Map<string, VolumeAdvice>();
  const ownerOf = new Map(volumes.map(({ id, ownerNodeId }) => [id, ownerNodeId]));
  const advise = ({ id, ownerNodeId }: Volume, toNodeId: string, why: VolumeAdvice['why']): void => {
    advice.set(id, { volumeId: id, fromNodeId: ownerNodeId ?? '', toNodeId, why });
    ownerOf.set(id, toNodeId);
  };
  const movable = volumes.filter(({ state }) => state === 'serving');
  for (const volume of movable) {
    const home = usable.find(({ id }) => id === volume.preferredNodeId);
    if (home && volume.ownerNodeId !== home.id) advise(volume, home.id, 'preferred');
  }
  const carrying = usable.filter(({ id }) => [...ownerOf.values()].includes(id));
  const free = movable.filter(({ preferredNodeId }) => preferredNodeId === null);
  for (let step = 0; step < free.length; step++) {
    const best = bestStep(carrying, free, volumes, ownerOf);
    if (!best || advice.has(best.volume.id)) break;
    advise(best.volume, best.to, 'load');
  }
  return [...advice.values()];
}

/** The one move that lowers the fullest node the most, if any does. */
function bestStep(
  nodes: readonly NodeMember[],
  free: readonly Volume[],
  volumes: readonly Volume[],
  ownerOf: ReadonlyMap<string, string | null>,
): { readonly volume: Volume; readonly to: string } | undefined {
  const load = (nodeId: string): number =>
    volumes.reduce((sum, { id, weight }) => sum + (ownerOf.get(id) === nodeId ? weight : 0), 0);
  const loads = nodes.map((node) => ({ node, load: load(node.id) }));
  const fullness = (entry: (typeof loads)[number], change = 0): number => (entry.load + change) / entry.node.weight;
  const [fullest] = loads.toSorted((a, b) => fullness(b) - fullness(a));
  if (!fullest) return undefined;
  let best: { readonly volume: Volume; readonly to: string } | undefined;
  let lowest = fullness(fullest);
  for (const volume of free) {
    if (ownerOf.get(volume.id) !== fullest.node.id) continue;
    for (const other of loads) {
      if (other === fullest) continue;
      const after = Math.max(fullness(fullest, -volume.weight), fullness(other, volume.weight));
      if (after < lowest - Number.EPSILON) {
        lowest = after;
        best = { volume, to: other.node.id };
      }
    }
  }
  return best;
}

export interface VolumeFill extends Pick<Volume, 'id' | 'volumeClass' | 'weight'> {
  readonly accounts: number;
}

/** So many accounts, whichever, from one volume to another of its class. */
export interface AccountShift {
  readonly fromVolumeId: string;
  readonly toVolumeId: string;
  readonly accounts: number;
}

/** Less than this share off is even enough: moving accounts costs reading and writing all their mail. */
const EVEN_WITHIN = 0.1;

/** How many accounts to move so that the volumes of each class hold them by their weights. */
export function adviseAccounts(volumes: readonly VolumeFill[]): readonly AccountShift[] {
  const shifts: AccountShift[] = [];
  for (const group of Map.groupBy(volumes, ({ volumeClass }) => volumeClass).values()) {
    const total = group.reduce((sum, { accounts }) => sum + accounts, 0);
    const weights = group.reduce((sum, { weight }) => sum + weight, 0);
    const rest = group.map(({ id, weight, accounts }) => {
      const share = (total * weight) / weights;
      return { id, surplus: Math.trunc(accounts - share), within: share * EVEN_WITHIN };
    });
    const needing = rest.filter(({ surplus }) => surplus < 0).toSorted((a, b) => a.surplus - b.surplus);
    for (const from of rest.filter(({ surplus, within }) => surplus > within)) {
      for (const to of needing) {
        const accounts = Math.min(from.surplus, -to.surplus);
        if (accounts <= 0) continue;
        shifts.push({ fromVolumeId: from.id, toVolumeId: to.id, accounts });
        from.surplus -= accounts;
        to.surplus += accounts;
      }
    }
  }
  return shifts;
}
