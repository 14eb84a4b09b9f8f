import type { EmbeddedCluster } from './embedded-cluster.ts';

interface Opening {
  readonly volumeId: string;
  readonly epoch: number;
  readonly node: string;
  /** Milliseconds since the Unix epoch. */
  readonly at: number;
}

/** Every time a node's process opened a volume, as the nodes' own logs say. */
function openings(cluster: EmbeddedCluster): readonly Opening[] {
  return cluster.file.nodes.flatMap(({ name: node }) =>
    cluster
      .log(node)
      .split('\n')
      .filter((line) => line.includes('"msg":"volume open"'))
      .map((line) => JSON.parse(line) as { volumeId: string; epoch: number; time: number })
      .map(({ volumeId, epoch, time }) => ({ volumeId, epoch, node, at: time })),
  );
}

/** Epochs that two processes opened, and openings that came after one of a later epoch. None, if ownership holds. */
export function doubleOwners(cluster: EmbeddedCluster): { readonly openings: number; readonly broken: string[] } {
  const all = [...openings(cluster)].sort((a, b) => a.at - b.at);
  const broken: string[] = [];
  const highest = new Map<string, Opening>();
  for (const opening of all) {
    const before = highest.get(opening.volumeId);
    if (before && opening.epoch <= before.epoch)
      broken.push(
        `${opening.volumeId}: ${opening.node} opened epoch ${opening.epoch} after ${before.node} epoch ${before.epoch}`,
      );
    else highest.set(opening.volumeId, opening);
  }
  return { openings: all.length, broken };
}
