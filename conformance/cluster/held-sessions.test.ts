import assert from 'node:assert/strict';
import { it } from 'node:test';
import { EmbeddedCluster } from './embedded-cluster.ts';
import { killUnderCrowd } from './idle-crowd.ts';

/** More: `node dist/conformance/cluster/main.js --campaign crowd --sessions 2000`. */
const SESSIONS = 100;

it(`${SESSIONS} idle sessions outlive the node that served them, hear of new mail and count right`, async () => {
  await using cluster = await EmbeddedCluster.start();
  const { heardAfterMs, ...counts } = await killUnderCrowd(cluster, SESSIONS, () => {});
  assert.deepEqual(counts, { sessions: SESSIONS, disconnected: 0, deaf: 0, wrong: 0 });
  assert.equal(heardAfterMs.length, SESSIONS / 2);
});
