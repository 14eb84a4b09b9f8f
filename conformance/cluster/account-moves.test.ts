import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { seededRandom } from '#stdx';
import { type AccountMoveReport, moveAccount, type Victim } from './account-moves.ts';
import { EmbeddedCluster } from './embedded-cluster.ts';

/** When somebody is killed after copying has begun is drawn from this. */
const SEED = Number(process.env['ROOKERY_MOVES_SEED'] ?? 7);
const KILL_WITHIN_MS = 400;

function assertWhole({ state, missing, altered, changed, acknowledged }: AccountMoveReport): void {
  assert.match(state, /^(forgetting|done)$/);
  assert.deepEqual([missing, altered, changed], [[], [], []]);
  assert.ok(acknowledged > 5, `only ${acknowledged} messages were acknowledged`);
}

describe('an account moves to another volume', () => {
  let cluster: EmbeddedCluster;
  const random = seededRandom(SEED);
  before(async () => {
    cluster = await EmbeddedCluster.start(['--restart']);
  });
  after(() => cluster.stop());

  it('and nobody notices', async () => {
    const report = await moveAccount(cluster, cluster.file.demo.users[0]!, 'nobody', 0);
    assertWhole(report);
    assert.deepEqual([report.disconnected, report.refused, report.doubled], [0, 0, []]);
    assert.ok((report.heldMs ?? 0) > 0);
  });

  for (const victim of ['source', 'target', 'leader'] as const satisfies readonly Victim[]) {
    it(`whoever is killed meanwhile: ${victim}`, async () => {
      const report = await moveAccount(
        cluster,
        cluster.file.demo.users[1]!,
        victim,
        Math.floor(random.fraction() * KILL_WITHIN_MS),
      );
      assertWhole(report);
      assert.equal(report.disconnected, 0);
    });
  }
});
