import assert from 'node:assert/strict';
import { it } from 'node:test';
import { ClusterStateUnavailableError } from '#cluster/api';
import { MemoryClusterState } from '#cluster/memory';
import { type Clock, seededRandom, silentLogger } from '#stdx';
import { SimulatedClock } from '#testing';
import { Leadership } from './leadership.ts';
import { DEFAULT_COORDINATOR_TIMING } from './timing.ts';

/** Timers fall due up to a millisecond early, as those of Node do: they count whole milliseconds. */
function early(clock: SimulatedClock): Clock {
  return {
    now: () => clock.now(),
    monotonic: () => clock.monotonic(),
    after: (delayMs, run) => clock.after(Math.max(1, Math.floor(delayMs) - 0.5), run),
    every: (intervalMs, run) => clock.every(intervalMs, run),
    sleep: (delayMs) => clock.sleep(delayMs),
  };
}

it('says that the lead has ended when it ends, though the timer came early', async () => {
  const clock = new SimulatedClock();
  const random = seededRandom(1);
  const state = new MemoryClusterState('cluster', 'partner', clock, random);
  const said: string[] = [];
  const listener = {
    elected: (epoch: number) => void said.push(`leads ${epoch}`),
    lost: (epoch: number, reason: string) =>
      void said.push(`${epoch} lost at ${Math.floor(clock.monotonic())}: ${reason}`),
  };
  const timing = DEFAULT_COORDINATOR_TIMING;
  const options = { listener, logger: silentLogger, mayLead: () => true };
  const leadership = new Leadership('hub-1', state, timing, early(clock), random, options);
  leadership.start();
  await clock.advance(100);
  state.renewLeadership = () => Promise.reject(new ClusterStateUnavailableError());
  await clock.advance(2_700);
  assert.equal(leadership.current(), undefined);
  assert.deepEqual(said, ['leads 1', '1 lost at 2700: the lease could not be renewed in time']);
  await leadership.stop();
});
