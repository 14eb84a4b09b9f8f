import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { MemoryClusterState } from '#cluster/memory';
import { simulate, type Tampering } from './simulation.ts';
import type { Storage } from './storage.ts';

/** Puts another method in the place of one. */
function replaced<T extends object, K extends keyof T>(target: T, name: K, by: (former: T[K]) => T[K]): void {
  const former = target[name];
  target[name] = by(typeof former === 'function' ? former.bind(target) : former);
}

/** Each law broken from inside, and what must be said of it. Seeds enough that the fault that shows it comes. */
const BROKEN: readonly (readonly [law: string, Tampering, RegExp])[] = [
  [
    'one hub leads: hubs’ clocks run at a third, so that they lead past their lease',
    { hubClockRate: 1 / 3 },
    /two leaders: hub\d, hub\d/,
  ],
  [
    'a write needs a live lease: nodes take a lease of 3 s for one of 60',
    { ownerLeaseMs: 60_000 },
    /acknowledged a write to \S+ at epoch \d+ without a live lease/,
  ],
  [
    'one process serves a volume: the storage lets everybody in, and nobody’s lease ends',
    {
      ownerLeaseMs: 60_000,
      storage: (storage: Storage) =>
        replaced(storage, 'lock', (lock) => (volumeId, epoch, process) => {
          storage.forget(volumeId);
          return lock(volumeId, epoch, process);
        }),
    },
    /both serve|write at epoch \d+ after epoch/,
  ],
  [
    'an epoch is opened once: the control plane gives the same one twice',
    {
      state: (state: MemoryClusterState) =>
        replaced(state, 'assignVolume', (assign) => async (leader, volumeId, fromEpoch, nodeId) => {
          const epoch = await assign(leader, volumeId, fromEpoch, nodeId);
          return epoch !== undefined && epoch > 2 ? epoch - 1 : epoch;
        }),
    },
    /is (opening|failed|serving|unassigned) at epoch|opened again at epoch/,
  ],
  [
    'epochs only rise: a snapshot shows an old one',
    {
      state: (state: MemoryClusterState) => {
        let reads = 0;
        replaced(state, 'snapshot', (snapshot) => async () => {
          const now = await snapshot();
          const back = ++reads % 40 === 0;
          return back ? { ...now, volumes: now.volumes.map((each) => ({ ...each, epoch: each.epoch - 1 })) } : now;
        });
      },
    },
    /epoch of \S+ fell from/,
  ],
  [
    'somebody leads: the lease is given to nobody after a while',
    {
      state: (state: MemoryClusterState) =>
        replaced(
          state,
          'acquireLeadership',
          (acquire) => async (hubId, ttlMs) =>
            (await state.events({ limit: 1 })).some(({ id }) => id > 10) ? undefined : acquire(hubId, ttlMs),
        ),
    },
    /0 leaders in a healthy cluster/,
  ],
  ['hubs route by the newest epoch: they hear nothing after 10 s', { routesUntilMs: 10_000 }, /routes \S+ by epoch/],
  [
    'hours tile: an interval is closed twice',
    {
      state: (state: MemoryClusterState) =>
        replaced(state, 'usage', (usage) => () => {
          const events = usage();
          const stop = events.findLast(({ kind }) => kind === 'stop');
          return stop ? [...events, { ...stop, id: `${stop.id}~again` }] : events;
        }),
    },
    /of an interval that does not run/,
  ],
];

const SEEDS = 40;

describe('the checkers find', () => {
  for (const [law, tampering, expected] of BROKEN)
    it(`that this is broken — ${law}`, async () => {
      for (let seed = 1; seed <= SEEDS; seed++) {
        const { violations } = await simulate({ seed, tampering });
        const found = violations.find((violation) => expected.test(violation));
        if (found === undefined) continue;
        const again = await simulate({ seed, tampering });
        assert.ok(again.violations.includes(found), 'a failing seed replays');
        return;
      }
      assert.fail(`not noticed in ${SEEDS} seeds`);
    });
});
