import assert from 'node:assert/strict';
import { afterEach, describe, it } from 'node:test';
import type { ClusterEvent } from '#cluster/api';
import { type Testbed, testbed } from './testbed.test.ts';

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

/** Milliseconds until `condition` holds, in steps of 10. */
async function elapsed(bed: Testbed, condition: () => Promise<boolean> | boolean, maxMs = 30_000): Promise<number> {
  for (let ms = 0; ms <= maxMs; ms += 10) {
    if (await condition()) return ms;
    await bed.clock.advance(10);
  }
  throw new Error(`not within ${maxMs} ms`);
}

const served = async (bed: Testbed): Promise<boolean> =>
  (await bed.state.snapshot()).volumes.every(({ state, ownerNodeId }) => {
    const owner = bed.nodes.find(({ member }) => member.id === ownerNodeId);
    return state === 'serving' && owner?.alive === true && !owner.hung;
  });

const eventKinds = async (bed: Testbed): Promise<ClusterEvent['kind'][]> =>
  (await bed.state.events({ limit: 1_000 })).map(({ kind }) => kind);

describe('HubCoordinator', () => {
  it('elects one leader, gives volumes to their preferred nodes and tells every hub', async () => {
    const bed = await started({ hubs: 3 });
    assert.equal(bed.hubs.filter(({ coordinator }) => coordinator.leading()).length, 1);
    assert.deepEqual(await bed.owners(), ['n1 serving@1', 'n2 serving@1']);
    const { nodes, hubs } = await bed.state.snapshot();
    assert.deepEqual(
      nodes.map(({ state }) => state),
      ['active', 'active', 'standby'],
    );
    assert.equal(hubs.filter(({ state }) => state === 'up').length, 3);
    for (const { routes } of bed.hubs) {
      assert.deepEqual(routes.slice(-2).toSorted(), bed.volumes.map(({ id }) => `${id}@1 serving`).toSorted());
    }
  });

  it('hands the volumes of a dead process to a standby at once', async () => {
    const bed = await started();
    bed.kill(bed.nodes[0]!);
    const ms = await elapsed(bed, () => served(bed));
    assert.ok(ms <= 50, `${ms} ms`);
    assert.deepEqual(await bed.owners(), ['n3 serving@2', 'n2 serving@1']);
    const kinds = await eventKinds(bed);
    for (const kind of ['nodeDown', 'volumeAssigned', 'volumeLocked', 'volumeOpened', 'takeoverDone'] as const)
      assert.ok(kinds.includes(kind), kind);
  });

  it('spreads many volumes over standbys and whoever has room', async () => {
    const bed = await started({ nodes: 4, volumes: 0 });
    const mount = { driver: 'local' as const, path: '/v', args: [] };
    const [first, second] = bed.nodes;
    for (let i = 0; i < 8; i++) {
      const preferredNodeId = (i < 6 ? first : second)?.member.id ?? null;
      await bed.state.addVolume({ name: `x${i}`, mount, volumeClass: 's', weight: 1, preferredNodeId, fence: null });
    }
    await bed.clock.advance(1_000);
    bed.kill(first!);
    await elapsed(bed, () => served(bed));
    const { volumes } = await bed.state.snapshot();
    const counts = bed.nodes.map(({ member }) => volumes.filter(({ ownerNodeId }) => ownerNodeId === member.id).length);
    assert.equal(counts[0], 0);
    assert.deepEqual(counts.toSorted(), [0, 2, 3, 3]);
  });

  it('declares a silent node down after three missed probes, and its volumes wait for the lock', async () => {
    const bed = await started();
    bed.nodes[0]!.hung = true;
    const moved = await elapsed(bed, async () => (await bed.owners())[0]?.startsWith('n3') ?? false);
    assert.ok(moved >= 1_000 && moved <= 2_100, `${moved} ms`);
    await bed.clock.advance(1_000);
    assert.equal((await bed.owners())[0], 'n3 opening@2');
    // The watchdog's part: the hung process dies, and the lock with it.
    bed.nodes[0]?.kill();
    assert.ok((await elapsed(bed, () => served(bed))) <= 600);
  });

  it('does not call a node down that most of the other hubs hear', async () => {
    const bed = await started({ hubs: 4 });
    const leader = bed.leader();
    const node = bed.nodes[0]!;
    leader?.control.cut.add(node.member.id);
    await bed.clock.advance(20_000);
    assert.equal((await bed.owners())[0], 'n1 serving@1', 'the others renew its lease');
    for (const hub of bed.hubs) hub.control.cut.add(node.member.id);
    await bed.clock.advance(6_000);
    assert.equal((await bed.owners())[0], 'n3 serving@2');
  });

  it('finds a node that was cut off fenced, with its reason, and makes it a standby', async () => {
    const bed = await started();
    const node = bed.nodes[0]!;
    for (const hub of bed.hubs) hub.control.cut.add(node.member.id);
    await bed.clock.advance(8_000);
    assert.deepEqual(await bed.owners(), ['n3 serving@2', 'n2 serving@1']);
    const held = node.agent.report().volumes[0];
    assert.deepEqual([held?.state, node.agent.use(bed.volumes[0]!.id, 1)], ['fenced', 'stale']);
    assert.match(held?.reason ?? '', /no hub renewed/);
    for (const hub of bed.hubs) hub.control.cut.clear();
    await bed.clock.advance(2_000);
    const { nodes } = await bed.state.snapshot();
    assert.deepEqual(
      nodes.map(({ state }) => state),
      ['standby', 'active', 'active'],
    );
  });

  it('elects another leader when the first dies, which takes over what it finds', async () => {
    const bed = await started();
    const former = bed.leader()!;
    former.away = true;
    for (const node of bed.nodes) former.control.cut.add(node.member.id);
    bed.kill(bed.nodes[1]!);
    const ms = await elapsed(bed, () => served(bed));
    assert.ok(ms <= 4_000, `${ms} ms`);
    assert.notEqual(bed.leader()?.id, former.id);
    assert.equal(former.coordinator.leading(), false);
    await bed.clock.advance(8_000);
    const hubs = (await bed.state.snapshot()).hubs.map(({ id, state }) => `${id} ${state}`);
    assert.ok(hubs.includes(`${former.id} down`), String(hubs));
    assert.equal((await bed.owners())[0], 'n1 serving@1', 'untouched');
  });

  it('passes the lead on at once when the leader stops', async () => {
    const bed = await started();
    const former = bed.leader()!;
    void former.coordinator.stop();
    const ms = await elapsed(bed, () => bed.leader() !== undefined && bed.leader() !== former);
    assert.ok(ms <= 200, `${ms} ms`);
    await bed.clock.advance(5_000);
    assert.deepEqual(await bed.owners(), ['n1 serving@1', 'n2 serving@1']);
  });

  it('promotes nobody while the control plane is away, and keeps every owner alive', async () => {
    const bed = await started();
    for (const hub of bed.hubs) hub.away = true;
    await bed.clock.advance(60_000);
    assert.equal(bed.leader(), undefined);
    for (const [i, node] of bed.nodes.slice(0, 2).entries())
      assert.equal(typeof node.agent.use(bed.volumes[i]!.id, 1), 'object', node.member.name);
    bed.kill(bed.nodes[0]!);
    await bed.clock.advance(10_000);
    assert.equal((await bed.owners())[0], 'n1 serving@1');
    for (const hub of bed.hubs) hub.away = false;
    const ms = await elapsed(bed, () => served(bed));
    assert.ok(ms <= 3_000, `${ms} ms`);
    assert.equal((await bed.state.snapshot()).hubs.filter(({ state }) => state === 'up').length, 2);
  });

  it('gives a restarted owner its volume back under a new epoch', async () => {
    const bed = await started();
    const node = bed.nodes[0]!;
    node.kill();
    node.start();
    await bed.clock.advance(1_500);
    assert.equal((await bed.owners())[0], 'n1 serving@2');
  });

  it('waits for nodes that are starting when the whole cluster starts', async () => {
    running = await testbed({});
    const [first] = running.nodes;
    first!.kill();
    await running.clock.advance(3_000);
    assert.deepEqual(await running.owners(), ['- unassigned@0', 'n2 serving@1']);
    first!.start();
    await running.clock.advance(1_000);
    assert.equal((await running.owners())[0], 'n1 serving@1');
  });

  it('does not wait for ever for a preferred node', async () => {
    running = await testbed({});
    running.nodes[0]!.kill();
    await running.clock.advance(6_500);
    assert.equal((await running.owners())[0], 'n3 serving@1');
  });

  it('moves a volume on request, telling the old owner to let go first', async () => {
    const bed = await started();
    const to = bed.nodes[2]!.member.id;
    await bed.state.requestMove(bed.volumes[0]!.id, to);
    const ms = await elapsed(bed, async () => (await bed.owners())[0] === 'n3 serving@2');
    assert.ok(ms <= 300, `${ms} ms`);
    assert.deepEqual(await bed.state.requestedMoves(), []);
    assert.equal(bed.nodes[0]?.agent.report().volumes[0]?.state, 'released');
  });

  it('empties a drained node and gives it nothing more', async () => {
    const bed = await started({ volumes: 1 });
    await bed.state.requestDrain(bed.nodes[0]!.member.id, true);
    await bed.clock.advance(2_000);
    assert.match((await bed.owners())[0] ?? '', /^n[23] serving@2$/);
    assert.equal((await bed.state.snapshot()).nodes[0]?.state, 'draining');
    for (const node of bed.nodes.slice(1)) bed.kill(node);
    await bed.clock.advance(5_000);
    assert.equal((await bed.owners())[0]?.includes('n1'), false);
    await bed.state.requestDrain(bed.nodes[0]!.member.id, false);
    await bed.clock.advance(2_000);
    assert.match((await bed.owners())[0] ?? '', /^n1 serving/);
  });

  it('says when a drained node is empty, and what moved by plan', async () => {
    const bed = await started({ volumes: 1 });
    const { id } = bed.nodes[0]!.member;
    await bed.state.requestDrain(id, true);
    await bed.clock.advance(2_000);
    const events = await bed.state.events({ limit: 1_000 });
    assert.deepEqual(
      events.filter(({ kind }) => kind === 'nodeDrained').map(({ subject }) => subject),
      [id],
    );
    assert.equal(events.find(({ kind }) => kind === 'switchoverDone')?.detail['cause'], 'drained');
  });

  it('sends a volume back to its preferred node once that has been well for a while, if it may', async () => {
    const bed = await started({ volumes: 1 });
    const [first] = bed.nodes;
    bed.kill(first!);
    await elapsed(bed, () => served(bed));
    first!.start();
    await bed.clock.advance(30_000);
    const away = (await bed.owners())[0] ?? '';
    assert.match(away, /^n[23] serving@2$/, 'by hand unless told otherwise');
    await bed.state.setFailBack({ mode: 'auto', afterMs: 40_000 });
    await bed.clock.advance(5_000);
    assert.equal((await bed.owners())[0], away, 'not yet');
    const home = await elapsed(bed, async () => (await bed.owners())[0] === 'n1 serving@3');
    assert.ok(home > 3_000 && home < 7_000, `${home} ms`);
  });

  it('sends a volume back once: not again where its storage failed, nor after somebody moved it away', async () => {
    const bed = await started({ volumes: 1 });
    const [first, , third] = bed.nodes;
    await bed.state.setFailBack({ mode: 'auto', afterMs: 1_000 });
    bed.kill(first!);
    await elapsed(bed, () => served(bed));
    first!.start();
    first!.broken = true;
    await bed.clock.advance(20_000);
    assert.match((await bed.owners())[0] ?? '', /^n[23] serving@4$/, 'sent, failed there, taken by another');
    first!.broken = false;
    await bed.clock.advance(60_000);
    assert.match((await bed.owners())[0] ?? '', /@4$/);
    await bed.state.requestMove(bed.volumes[0]!.id, first!.member.id);
    await bed.clock.advance(1_000);
    await bed.state.requestMove(bed.volumes[0]!.id, third!.member.id);
    await bed.clock.advance(20_000);
    assert.equal((await bed.owners())[0], 'n3 serving@6');
  });

  it('takes a dead node’s volumes home rather than anywhere, when home is well', async () => {
    const bed = await started({ volumes: 1 });
    const [first, second] = bed.nodes;
    await bed.state.requestMove(bed.volumes[0]!.id, second!.member.id);
    await bed.clock.advance(1_000);
    bed.kill(second!);
    await elapsed(bed, () => served(bed));
    assert.equal((await bed.owners())[0], `${first!.member.name} serving@3`);
  });

  it('takes over at once from a node that stops in order', async () => {
    const bed = await started();
    void bed.nodes[0]?.agent.stop('the node stops');
    const ms = await elapsed(bed, async () => (await bed.owners())[0]?.startsWith('n3 serving') ?? false);
    assert.ok(ms <= 600, `${ms} ms`);
  });

  it('tries a volume that cannot be opened elsewhere, then less and less often', async () => {
    const bed = await started({ volumes: 1 });
    for (const node of bed.nodes) node.broken = true;
    bed.kill(bed.nodes[0]!);
    await bed.clock.advance(60_000);
    const { volumes } = await bed.state.snapshot();
    assert.ok((volumes[0]?.epoch ?? 0) < 20, `epoch ${volumes[0]?.epoch}`);
    assert.ok((await eventKinds(bed)).includes('takeoverFailed'));
    for (const node of bed.nodes) node.broken = false;
    await elapsed(bed, () => served(bed), 31_000);
  });

  it('leaves a volume without owner when there is nobody, and finds one when somebody comes', async () => {
    const bed = await started({ nodes: 1, volumes: 1 });
    bed.kill(bed.nodes[0]!);
    await bed.clock.advance(2_000);
    assert.deepEqual(await bed.owners(), ['- unassigned@2']);
    bed.nodes[0]!.start();
    await bed.clock.advance(2_000);
    assert.deepEqual(await bed.owners(), ['n1 serving@3']);
  });

  it('gives a node that is not eligible nothing while it owns nothing', async () => {
    const bed = await started({ volumes: 1 });
    await bed.state.updateNode(bed.nodes[1]!.member.id, { eligible: false });
    await bed.clock.advance(100);
    bed.kill(bed.nodes[0]!);
    await elapsed(bed, () => served(bed));
    assert.equal((await bed.owners())[0], 'n3 serving@2');
  });
});
