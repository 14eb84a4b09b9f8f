import type { IntervalMeter } from './usage-event.ts';

/** What an interval is the life of. A node's meters are two roles of one resource and exclude each other. */
export type ResourceKind = 'hub' | 'node' | 'mailbox';

export const KIND_OF_METER: Readonly<Record<IntervalMeter, ResourceKind>> = {
  hub: 'hub',
  'node-active': 'node',
  'node-standby': 'node',
  mailbox: 'mailbox',
};

/** A start or stop event of one resource. Instants are milliseconds. */
export interface Transition {
  readonly at: number;
  readonly change: 'start' | 'stop';
  readonly meter: IntervalMeter;
  readonly seq: string;
  readonly label: string | null;
}

/** One resource's life in one role; `to` is `null` while it lasts. Never empty: `from` < `to`. */
export interface RoleInterval {
  readonly meter: IntervalMeter;
  readonly label: string | null;
  readonly from: number;
  readonly to: number | null;
  readonly startSeq: string;
  readonly endSeq: string | null;
}

/**
 * Replays one resource's transitions from an open interval (or none) before the first of them. The outcome depends on
 * the set of transitions alone, never on the order they arrived in:
 * - what happens at one instant is netted by role, so "off" and "on" of the same instant leave the role as it was;
 * - a start in another role ends the current one there; a stop of a role that is not current changes nothing;
 * - starting what runs and stopping what does not are no changes.
 */
export function replay(before: RoleInterval | undefined, transitions: readonly Transition[]): RoleInterval[] {
  const done: RoleInterval[] = [];
  let current = before;
  const instants = Map.groupBy(
    transitions.toSorted((a, b) => a.at - b.at),
    ({ at }) => at,
  );
  for (const [at, changes] of instants) {
    const next = settle(current, at, changes);
    if (next === current) continue;
    if (current && current.from < at) done.push({ ...current, to: at, endSeq: endedBy(current, changes) });
    current = next;
  }
  return current ? [...done, current] : done;
}

function settle(
  current: RoleInterval | undefined,
  at: number,
  changes: readonly Transition[],
): RoleInterval | undefined {
  const started = [...Map.groupBy(changes, ({ meter }) => meter)]
    .filter(([, own]) => net(own) > 0)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .find(([meter]) => meter !== current?.meter);
  if (started) {
    const [meter, own] = started;
    const first = own.filter(({ change }) => change === 'start').sort(bySeq)[0]!;
    return { meter, label: first.label, from: at, to: null, startSeq: first.seq, endSeq: null };
  }
  const own = changes.filter(({ meter }) => meter === current?.meter);
  return net(own) < 0 ? undefined : current;
}

const net = (changes: readonly Transition[]): number =>
  changes.reduce((sum, { change }) => sum + (change === 'start' ? 1 : -1), 0);

const bySeq = (a: Transition, b: Transition): number => (BigInt(a.seq) < BigInt(b.seq) ? -1 : 1);

/** The stop that ended the interval, or the start of the role that took its place. */
function endedBy(ended: RoleInterval, changes: readonly Transition[]): string {
  const stops = changes.filter(({ change, meter }) => change === 'stop' && meter === ended.meter);
  return (stops.length > 0 ? stops : changes).toSorted(bySeq)[0]!.seq;
}
