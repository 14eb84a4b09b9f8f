import type { ClusterStatus } from '#api-schema';

/** One member that is to become another release. */
export interface UpgradeStep {
  readonly role: 'hub' | 'node';
  readonly name: string;
  readonly from: string;
}

/**
 * Who is not yet that version, in the order in which fewest notice: nodes that own nothing, the other nodes, hubs, and the
 * hub that leads last, since each change of the lead is one more than needed.
 */
export function planOf(
  { hubs, nodes }: ClusterStatus,
  version: string,
  only?: ReadonlySet<string>,
): readonly UpgradeStep[] {
  const behind = <M extends { readonly name: string; readonly version: string }>(members: readonly M[]): M[] =>
    members.filter((member) => member.version !== version && (only?.has(member.name) ?? true));
  const byLoad = behind(nodes).sort((a, b) => a.load.volumes - b.load.volumes);
  const byLead = behind(hubs).sort((a, b) => Number(a.leader) - Number(b.leader));
  return [
    ...byLoad.map(({ name, version: from }) => ({ role: 'node' as const, name, from })),
    ...byLead.map(({ name, version: from }) => ({ role: 'hub' as const, name, from })),
  ];
}

const isAway = ({ state }: { readonly state: string }): boolean =>
  state === 'down' || state === 'stopped' || state === 'fenced';

/** Why the step must not be taken now; `undefined` when it may. What `--force` passes over comes as `risk`. */
export function hindrance(
  status: ClusterStatus,
  step: UpgradeStep,
): { readonly risk: boolean; readonly why: string } | undefined {
  const { hubs, nodes, volumes } = status;
  const away = [...hubs, ...nodes].find((member) => member.name !== step.name && isAway(member));
  if (away)
    return { risk: true, why: `${away.name} is ${away.state}: bring it back, or take it out of the cluster, first` };
  if (!hubs.some(({ leader }) => leader)) return { risk: false, why: 'no hub leads the cluster' };
  const unserved = volumes.filter(({ state, owner }) => state !== 'serving' && owner !== null);
  if (unserved.length > 0) return { risk: false, why: `not served: ${unserved.map(({ name }) => name).join(', ')}` };
  return step.role === 'hub' ? hubHindrance(status, step) : nodeHindrance(status, step);
}

function hubHindrance({ hubs }: ClusterStatus, { name }: UpgradeStep) {
  const others = hubs.filter((hub) => hub.name !== name && hub.state === 'up');
  return others.length > 0
    ? undefined
    : { risk: true, why: `${name} is the only hub: while it is away nobody is served` };
}

function nodeHindrance({ nodes }: ClusterStatus, { name }: UpgradeStep) {
  const own = nodes.find((node) => node.name === name);
  if (!own || own.load.volumes === 0) return undefined;
  const others = nodes.filter((node) => node.name !== name && !isAway(node) && node.eligible && !node.draining);
  if (others.length === 0)
    return { risk: false, why: `${name} owns ${own.load.volumes} volumes, and no other node could take them` };
  if (others.some(({ load }) => load.volumes === 0)) return undefined;
  return { risk: true, why: `there is no standby: what ${name} owns would go to nodes that have their own to serve` };
}
