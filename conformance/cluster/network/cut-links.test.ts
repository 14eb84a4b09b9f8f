import assert from 'node:assert/strict';
import { it } from 'node:test';
import { doubleLeaders, doubleOwners } from '../epochs.ts';
import { cutLinks } from './cut-links.ts';
import { whyNoNetwork } from './network.ts';
import { NetworkedCluster } from './networked-cluster.ts';

/** All kinds, over and over: `node dist/conformance/cluster/main.js --campaign cut-links --seed 7 --rounds 42`. */
const KINDS = ['node-alone', 'leader-node', 'leader-postgres'];
/** Three seconds of lease, and what the takeover and a busy machine add. */
const TAKEN_MS_MAX = 6_000;
const REJOINED_MS_MAX = 5_000;
const LED_AGAIN_MS_MAX = 5_000;

it('a cluster on machines of its own outlives a host that falls silent, a leader apart from a node, and one apart from PostgreSQL', async (t) => {
  const why = whyNoNetwork();
  if (why !== undefined) return t.skip(why);
  await using cluster = await NetworkedCluster.start({ hubs: 3, nodes: 3, volumes: 2, usersPerVolume: 1 });
  const options = { seed: 20261128, count: KINDS.length, kinds: KINDS };
  const { rounds, ...result } = await cutLinks(cluster, options, (line) => t.diagnostic(line));
  assert.ok(result.acknowledged > 20, `only ${result.acknowledged} messages were acknowledged`);
  assert.deepEqual([result.missing, result.altered], [[], []]);
  assert.deepEqual(doubleOwners(cluster).broken, []);
  assert.deepEqual(doubleLeaders(cluster).broken, []);
  for (const { kind, takenMs, rejoinedMs, ledAgainMs = 0, disturbed } of rounds) {
    assert.equal(disturbed, 0, `${kind}: sessions that had nothing to do with it noticed`);
    for (const ms of takenMs) assert.ok(ms <= TAKEN_MS_MAX, `${kind}: taken over after ${ms} ms`);
    for (const ms of rejoinedMs) assert.ok(ms <= REJOINED_MS_MAX, `${kind}: served ${ms} ms after healing`);
    assert.ok(ledAgainMs <= LED_AGAIN_MS_MAX, `${kind}: led again after ${ledAgainMs} ms`);
  }
  assert.ok(rounds.some(({ takenMs }) => takenMs.length > 0));
});
