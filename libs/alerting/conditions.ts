import {
  type ClusterEvent,
  type ClusterEventKind,
  type ClusterSnapshot,
  type HubMember,
  isGone,
  type NodeMember,
} from '#cluster/api';
import { common, spanText, within } from '#stdx';
import { tlsConditions } from './certificates.ts';
import type { AlertKind, Condition, News } from './model.ts';

/** What is wrong with a cluster as it was read. */
export function conditionsOf(snapshot: ClusterSnapshot): readonly Condition[] {
  return [
    ...memberConditions(snapshot),
    ...volumeConditions(snapshot),
    ...spareConditions(snapshot),
    ...releaseConditions(snapshot),
    ...tlsConditions(snapshot),
  ];
}

/** Who said that it ends is no alert. */
function memberConditions({ leader, hubs, nodes }: ClusterSnapshot): Condition[] {
  const conditions: Condition[] = [];
  const add = (kind: AlertKind, subject: string, detail: string): void => {
    conditions.push({ kind, subject, detail });
  };
  if (!leader && hubs.length > 0) add('noLeader', '', 'No hub leads: lost nodes are not taken over.');
  for (const { name, state, lastSeenAt } of hubs)
    if (state === 'down') add('hubDown', name, `Hub ${name} is down, last seen ${lastSeenAt.toISOString()}.`);
  for (const { name, state, lastSeenAt } of nodes) {
    const seen = lastSeenAt ? `last seen ${lastSeenAt.toISOString()}` : 'never seen';
    if (state === 'down') add('nodeDown', name, `Node ${name} is down, ${seen}.`);
    if (state === 'fenced') add('nodeFenced', name, `Node ${name} has shut its volumes, ${seen}.`);
  }
  return conditions;
}

function volumeConditions({ volumes, fillLimits: { warnPercent, fullPercent } }: ClusterSnapshot): Condition[] {
  const conditions: Condition[] = [];
  for (const { name: subject, state, served, health } of volumes) {
    const add = (kind: AlertKind, says: string, grade = 0): void => {
      conditions.push({ kind, subject, detail: `Volume ${subject} ${says}`, grade });
    };
    if (state === 'failed') add('volumeFailed', 'failed: its storage cannot be used.');
    else if (state !== 'serving' && served) add('volumeUnserved', 'is served by no node.');
    if (state !== 'serving') continue;
    const { writable, storage } = health;
    if (storage?.trouble === 'readOnly') add('volumeReadOnly', 'is read-only: mail for it waits outside.');
    else if (!writable) {
      const why = storage?.trouble === 'full' ? ': its disk is full' : '';
      add('volumeNotWritable', `takes no writes${why}. Mail for it waits outside.`);
    }
    if (!storage || storage.diskBytes === 0) continue;
    const percent = Math.floor(100 * (1 - storage.diskFreeBytes / storage.diskBytes));
    if (percent >= warnPercent)
      add('volumeFilling', `is on a disk that is ${percent} % full.`, percent >= fullPercent ? 2 : 1);
  }
  return conditions;
}

/** The next failure would find nobody to take over, since somebody is away. */
function spareConditions({ hubs, nodes }: ClusterSnapshot): Condition[] {
  const seen = nodes.filter(({ lastSeenAt }) => lastSeenAt !== null);
  const say = (away: readonly (HubMember | NodeMember)[]): string =>
    away.map(({ name, state }) => `${name} is ${state}`).join(', ');
  const conditions: Condition[] = [];
  const nodesAway = seen.filter(({ state }) => isGone(state) || state === 'fenced');
  const standby = seen.some(({ state, eligible }) => state === 'standby' && eligible);
  if (nodesAway.length > 0 && !standby)
    conditions.push({ kind: 'noSpare', subject: 'nodes', detail: `No standby node is left: ${say(nodesAway)}.` });
  const hubsAway = hubs.filter(({ state }) => state !== 'up');
  if (hubsAway.length > 0 && hubs.length - hubsAway.length === 1)
    conditions.push({ kind: 'noSpare', subject: 'hubs', detail: `One hub is left: ${say(hubsAway)}.` });
  return conditions;
}

/** Members of releases that do not go together. */
function releaseConditions({ hubs, nodes, featureLevel }: ClusterSnapshot): Condition[] {
  const conditions: Condition[] = [];
  const seen = nodes.filter(({ lastSeenAt }) => lastSeenAt !== null);
  const present = hubs.filter(({ state }) => state === 'up');
  for (const node of seen) {
    const stranger = present.find((hub) => common(hub.protocol, node.protocol) === undefined);
    if (stranger)
      conditions.push({
        kind: 'incompatible',
        subject: node.name,
        detail: `Node ${node.name} (${node.version}, protocol ${spanText(node.protocol)}) and hub ${stranger.name} (${stranger.version}, protocol ${spanText(stranger.protocol)}) refuse each other: their releases are too far apart.`,
      });
  }
  for (const { name, version, features } of [...present, ...seen])
    if (!within(featureLevel, features))
      conditions.push({
        kind: 'incompatible',
        subject: name,
        detail: `${name} (${version}) works in clusters of feature level ${spanText(features)}, this one is at ${featureLevel}: it gets no volume and does not lead.`,
      });
  return conditions;
}

const NEWS: Partial<Record<ClusterEventKind, { readonly kind: AlertKind; readonly says: (name: string) => string }>> = {
  takeoverDone: { kind: 'failoverDone', says: (name) => `Volume ${name} was taken over by another node.` },
  takeoverFailed: { kind: 'failoverFailed', says: (name) => `Volume ${name} could not be taken over.` },
};

/** Kinds of events that are news. */
export const NEWS_EVENTS = Object.keys(NEWS) as ClusterEventKind[];

/** What happened that is to be told; `names` of members and volumes by id. */
export function newsOf(events: readonly ClusterEvent[], names: ReadonlyMap<string, string>): readonly News[] {
  return events.flatMap(({ id, at, kind, subject, detail, durationMs }) => {
    const news = NEWS[kind];
    if (!news) return [];
    const name = names.get(subject) ?? subject;
    const took = durationMs === null ? '' : ` It took ${Math.round(durationMs)} ms.`;
    const reason = typeof detail['reason'] === 'string' ? ` ${detail['reason']}` : '';
    return [{ eventId: id, at, kind: news.kind, subject: name, detail: `${news.says(name)}${took}${reason}` }];
  });
}
