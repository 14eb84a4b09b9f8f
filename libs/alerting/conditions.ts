import type { ClusterEvent, ClusterEventKind, ClusterSnapshot } from '#cluster/api';
import type { AlertKind, Condition, News } from './model.ts';

/** What is wrong with a cluster as it was read. */
export function conditionsOf({ leader, hubs, nodes, volumes }: ClusterSnapshot): readonly Condition[] {
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
  for (const { name, state, served } of volumes) {
    if (state === 'failed') add('volumeFailed', name, `Volume ${name} failed: its storage cannot be used.`);
    else if (state !== 'serving' && served) add('volumeUnserved', name, `Volume ${name} is served by no node.`);
  }
  return conditions;
}

const NEWS: Partial<Record<ClusterEventKind, { readonly kind: AlertKind; readonly says: (name: string) => string }>> = {
  takeoverDone: { kind: 'failoverDone', says: (name) => `Volume ${name} was taken over by another node.` },
  takeoverFailed: { kind: 'failoverFailed', says: (name) => `Volume ${name} could not be taken over.` },
  certificateExpiring: { kind: 'certificateExpiring', says: (name) => `The certificate of ${name} ends soon.` },
  certificateExpired: { kind: 'certificateExpiring', says: (name) => `The certificate of ${name} has ended.` },
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
