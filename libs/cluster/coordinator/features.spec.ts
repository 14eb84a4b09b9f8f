import assert from 'node:assert/strict';
import { afterEach, describe, it } from 'node:test';
import { RELEASE, type Release } from '#stdx';
import { type Testbed, type TestNode, testbed } from './testbed.test.ts';

const { protocol, features } = RELEASE;

/** A release so many ahead of this one; each knows the one before. */
const ahead = (by: number): Release => ({
  version: `0.${1 + by}.0`,
  protocol: { oldest: protocol.newest + by - 1, newest: protocol.newest + by },
  features: { oldest: features.oldest, newest: features.newest + by },
});

let running: Testbed | undefined;
afterEach(async () => {
  await running?.stop();
  running = undefined;
});

async function started(options: Parameters<typeof testbed>[0] = {}): Promise<Testbed> {
  running = await testbed(options);
  await running.clock.advance(3_000);
  return running;
}

/** The process ends as it does on a signal, and another of that release is started. */
async function replace(bed: Testbed, node: TestNode, release: Release): Promise<void> {
  const stopping = node.agent.stop('upgrade');
  await bed.clock.advance(500);
  await stopping;
  bed.kill(node);
  await bed.clock.advance(1_000);
  node.release = release;
  node.start();
  await bed.clock.advance(2_000);
}

const nodeNow = async (bed: Testbed, node: TestNode) =>
  (await bed.state.snapshot()).nodes.find(({ id }) => id === node.member.id)!;
const kinds = async (bed: Testbed) => (await bed.state.events({ limit: 1_000 })).map(({ kind }) => kind);

describe('releases in one cluster', () => {
  it('a node that stops in order is stopped, not down, and its volumes are elsewhere', async () => {
    const bed = await started();
    const [first] = bed.nodes as [TestNode];
    const stopping = first.agent.stop('upgrade');
    await bed.clock.advance(500);
    await stopping;
    bed.kill(first);
    await bed.clock.advance(1_000);
    assert.equal((await nodeNow(bed, first)).state, 'stopped');
    assert.deepEqual(await bed.owners(), ['n3 serving@2', 'n2 serving@1']);
    assert.ok((await kinds(bed)).includes('nodeStopped'));
    assert.ok(!(await kinds(bed)).includes('nodeDown'));
    first.start();
    await bed.clock.advance(1_000);
    assert.equal((await nodeNow(bed, first)).state, 'standby');
  });

  it('members of this release and the next replace each other one by one', async () => {
    const bed = await started();
    for (const node of bed.nodes) {
      await replace(bed, node, ahead(1));
      const { version, state } = await nodeNow(bed, node);
      assert.deepEqual([version, state === 'active' || state === 'standby'], ['0.2.0', true]);
    }
    assert.ok((await bed.owners()).every((owner) => / serving@/.test(owner)));
  });

  it('a node two releases ahead stays out, shown as what it is, and can come back', async () => {
    const bed = await started();
    const [first] = bed.nodes as [TestNode];
    await replace(bed, first, ahead(2));
    const refused = await nodeNow(bed, first);
    assert.deepEqual([refused.state, refused.version, refused.protocol], ['down', '0.3.0', ahead(2).protocol]);
    assert.equal((await kinds(bed)).filter((kind) => kind === 'memberRefused').length, 1);
    assert.deepEqual(await bed.owners(), ['n3 serving@2', 'n2 serving@1']);
    bed.kill(first);
    first.release = ahead(1);
    first.start();
    await bed.clock.advance(1_000);
    assert.deepEqual([(await nodeNow(bed, first)).state, (await nodeNow(bed, first)).version], ['standby', '0.2.0']);
  });

  it('a volume is never given to a node that might not read it', async () => {
    const bed = await started({ hubs: 1 });
    const [first, second, third] = bed.nodes as [TestNode, TestNode, TestNode];
    for (const node of [first, second]) await replace(bed, node, ahead(1));
    assert.deepEqual(await bed.state.raiseFeatureLevel(features.newest + 1), ['hub-1', 'n3']);
    // What the raise waits for is undone behind its back: the old node must not be trusted with anything all the same.
    const { hubs } = await bed.state.snapshot();
    await bed.state.heartbeatHub({ ...hubs[0]!, ...ahead(1) });
    await bed.hubs[0]!.coordinator.stop();
    await replace(bed, third, ahead(1));
    bed.startHub(1, ahead(1));
    await bed.clock.advance(3_000);
    assert.deepEqual(await bed.state.raiseFeatureLevel(features.newest + 1), []);
    await replace(bed, third, RELEASE);
    assert.equal((await nodeNow(bed, third)).state, 'standby', 'it is there');
    for (const node of [first, second]) bed.kill(node);
    await bed.clock.advance(3_000);
    assert.equal(third.agent.serving().length, 0);
    third.release = ahead(1);
    bed.kill(third);
    third.start();
    await bed.clock.advance(5_000);
    assert.equal(third.agent.serving().length, 2);
  });

  it('a hub that does not understand the nodes, or the cluster’s level, does not lead', async () => {
    const bed = await started({ hubs: 1 });
    const stranger = bed.startHub(2, ahead(2));
    await bed.clock.advance(1_000);
    await bed.hubs[0]!.coordinator.stop();
    await bed.clock.advance(10_000);
    assert.equal(stranger.coordinator.leading(), false);
    assert.match(stranger.coordinator.strangeness() ?? '', /speaks protocol .* n1 is release 0.1.0/);
    assert.deepEqual(await bed.owners(), ['n1 serving@1', 'n2 serving@1'], 'nobody was called dead');
    await stranger.coordinator.stop();
    for (const id of ['hub-1', 'hub-2']) await bed.state.removeHub(id);
    const next = bed.startHub(3, ahead(1));
    for (const node of bed.nodes) await replace(bed, node, ahead(1));
    assert.equal(next.coordinator.leading(), true);
    assert.deepEqual(await bed.state.raiseFeatureLevel(features.newest + 1), []);
    const old = bed.startHub(4);
    await bed.clock.advance(1_000);
    await next.coordinator.stop();
    await bed.clock.advance(10_000);
    assert.equal(old.coordinator.leading(), false);
    assert.match(old.coordinator.strangeness() ?? '', /knows feature levels 1, the cluster is at 2/);
    await old.coordinator.stop();
  });

  it('the level rises by itself where that is wanted, when the last member knows it', async () => {
    const bed = await started({ hubs: 1 });
    await bed.state.setFeatureRaise('auto');
    for (const node of bed.nodes) await replace(bed, node, ahead(1));
    const level = async (): Promise<number> => (await bed.state.snapshot()).featureLevel;
    assert.equal(await level(), features.newest);
    await bed.hubs[0]!.coordinator.stop();
    bed.startHub(1, ahead(1));
    await bed.clock.advance(5_000);
    assert.equal(await level(), features.newest + 1);
  });
});
