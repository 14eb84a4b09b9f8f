import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { EmbeddedCluster } from './embedded-cluster.ts';
import { doubleOwners } from './epochs.ts';
import { rollingRestart, switchovers } from './planned.ts';
import { assertUnnoticed } from './planned-assert.ts';

/** More: `node dist/conformance/cluster/main.js --campaign switchovers --rounds 50`. */
const SWITCHOVERS = 4;

describe('changes by plan, under load', () => {
  let cluster: EmbeddedCluster;
  before(async () => {
    cluster = await EmbeddedCluster.start(['--restart']);
  });
  after(() => cluster.stop());

  it('nobody notices that volumes move', async () => {
    const report = await switchovers(cluster, SWITCHOVERS, () => {});
    assertUnnoticed(report);
    assert.equal(report.switchoversMs.length, SWITCHOVERS);
  });

  it('nobody notices that every node is started anew', async () => {
    assertUnnoticed(await rollingRestart(cluster, () => {}));
    assert.deepEqual(doubleOwners(cluster).broken, []);
  });
});
