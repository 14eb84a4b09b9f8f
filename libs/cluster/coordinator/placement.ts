/** A node that could take a volume now. */
export interface Candidate {
  readonly nodeId: string;
  /** Its share: a node of weight 2 carries twice as much. */
  readonly weight: number;
  /** Sum of the weights of the volumes it owns; 0 for a standby. */
  readonly load: number;
}

export interface PlacementWish {
  /** Weight of the volume to be placed. */
  readonly weight: number;
  /** Taken when it is a candidate, whatever its load. */
  readonly prefer: string | null;
  /** Taken only when there is nobody else. */
  readonly avoid: ReadonlySet<string>;
}

/**
 * The node that is least loaded with the volume on it: standbys first, since they carry nothing, then whoever has most
 * room. Ties go by id, so that two leaders with one view decide alike.
 */
export function placeVolume(candidates: readonly Candidate[], wish: PlacementWish): string | undefined {
  if (candidates.some(({ nodeId }) => nodeId === wish.prefer)) return wish.prefer ?? undefined;
  const others = candidates.filter(({ nodeId }) => !wish.avoid.has(nodeId));
  const pool = others.length > 0 ? others : candidates;
  const fullness = ({ load, weight }: Candidate): number => (load + wish.weight) / weight;
  let best: Candidate | undefined;
  for (const candidate of pool) {
    if (!best || isBefore(candidate, best, fullness)) best = candidate;
  }
  return best?.nodeId;
}

function isBefore(a: Candidate, b: Candidate, fullness: (candidate: Candidate) => number): boolean {
  // A standby is free whatever its weight; an active node has sessions to think of.
  if ((a.load === 0) !== (b.load === 0)) return a.load === 0;
  const difference = fullness(a) - fullness(b);
  return difference === 0 ? a.nodeId < b.nodeId : difference < 0;
}
