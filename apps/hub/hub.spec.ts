import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { SimulatedClock } from '#testing';
import { Hub, type HubParts } from './hub.ts';

/** Parts that do nothing but say what they were told. */
function hubOf(drainMs: number, strangeness?: string) {
  const told: string[] = [];
  const clock = new SimulatedClock();
  const part = (name: string): unknown =>
    new Proxy(
      {},
      {
        get: (_, method) => {
          if (method === 'strangeness') return () => strangeness;
          if (method === 'size') return 1;
          return async () => void told.push(`${name}.${String(method)}`);
        },
      },
    );
  const parts = new Proxy({} as HubParts, {
    get: (_, name) => (name === 'drainMs' ? drainMs : name === 'clock' ? clock : part(String(name))),
  });
  return { hub: new Hub(parts), told, clock };
}

describe('a hub', () => {
  it('goes on for its drain time after it was told to stop, not ready any more, and gives up the lead before sessions go', async () => {
    const { hub, told, clock } = hubOf(15_000);
    await hub.start();
    assert.deepEqual(hub.readiness(), { ready: true });
    told.length = 0;
    const stopped = hub.stop();
    await clock.advance(14_900);
    assert.deepEqual([hub.readiness(), told], [{ ready: false, reason: 'stopping' }, []]);
    await clock.advance(200);
    await stopped;
    assert.ok(told.indexOf('sessions.stopAccepting') < told.indexOf('coordinator.stop'));
    assert.ok(told.indexOf('coordinator.stop') < told.indexOf('sessions.drain'));
  });

  it('of a release that does not fit its cluster is not ready, and says why', async () => {
    const { hub } = hubOf(0, 'release 0.3.0 speaks protocol 5');
    await hub.start();
    assert.deepEqual(hub.readiness(), { ready: false, reason: 'release 0.3.0 speaks protocol 5' });
  });
});
