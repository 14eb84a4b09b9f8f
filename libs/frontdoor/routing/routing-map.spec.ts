import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { ClusterState } from '#cluster/api';
import { silentLogger } from '#stdx';
import { SimulatedClock, temporaryDirectory } from '#testing';
import { frontdoorWorld } from '../world.spec.ts';
import { RouteFile } from './route-file.ts';
import { RoutingMap } from './routing-map.ts';

async function routingWorld(directory: string) {
  const clock = new SimulatedClock();
  const world = await frontdoorWorld(clock);
  const control = { away: false };
  const state: Pick<ClusterState, 'clusterId' | 'snapshot' | 'watch'> = {
    clusterId: world.state.clusterId,
    async snapshot() {
      if (control.away) throw new Error('away');
      return world.state.snapshot();
    },
    watch: (listener) => world.state.watch(() => control.away || listener()),
  };
  const map = (): RoutingMap =>
    new RoutingMap(state, new RouteFile(join(directory, 'routes.json'), silentLogger), clock, silentLogger);
  const routes = map();
  await routes.start();
  return { ...world, clock, control, routes, map };
}

describe('the routing map', () => {
  it('knows who serves, and follows', async () => {
    using directory = temporaryDirectory();
    const { routes, volumes, nodes, serve, clock } = await routingWorld(directory.path);
    assert.deepEqual(routes.current(volumes[0].id), {
      volumeId: volumes[0].id,
      epoch: 1,
      nodeId: nodes[0].id,
      nodeName: 'node1',
      endpoint: nodes[0].data,
    });
    await serve(0, 1);
    await clock.advance(0);
    assert.equal(routes.current(volumes[0].id)?.nodeName, 'node2');
    assert.equal(routes.current('nothing'), undefined);
    assert.equal(routes.serving().length, 2);
    await routes.stop();
  });

  it('waits for an owner, but not for ever', async () => {
    using directory = temporaryDirectory();
    const { routes, volumes, serve, clock, lease, state } = await routingWorld(directory.path);
    const [{ id }] = volumes;
    const epoch = await serve(0, 1, 'opening');
    await clock.advance(0);
    assert.equal(routes.current(id), undefined);
    const patient = routes.ownerOf(id, 30_000);
    const hasty = routes.ownerOf(id, 100);
    await clock.advance(100);
    assert.equal(await hasty, undefined);
    await clock.advance(2_000);
    await state.setVolumeState(lease.epoch, id, epoch, 'serving');
    await clock.advance(0);
    assert.equal((await patient)?.epoch, epoch);
    await routes.stop();
  });

  it('takes a push at once and never goes back', async () => {
    using directory = temporaryDirectory();
    const { routes, volumes, nodes, clock } = await routingWorld(directory.path);
    const [{ id: volumeId }] = volumes;
    const after = routes.current(volumeId);
    const next = routes.nextOwner(volumeId, after, 1_000);
    routes.push([{ volumeId, epoch: 5, ownerNodeId: nodes[1].id, state: 'serving' }]);
    assert.equal((await next)?.epoch, 5);
    routes.push([{ volumeId, epoch: 4, ownerNodeId: nodes[0].id, state: 'serving' }]);
    await routes.refresh();
    assert.equal(routes.current(volumeId)?.epoch, 5);
    await clock.advance(0);
    await routes.stop();
  });

  it('keeps a push that a snapshot asked for earlier does not have', async () => {
    using directory = temporaryDirectory();
    const { routes, volumes, nodes, serve, clock } = await routingWorld(directory.path);
    const [{ id: volumeId }] = volumes;
    const epoch = await serve(0, 1, 'opening');
    await clock.advance(0);
    const reading = routes.refresh();
    routes.push([{ volumeId, epoch, ownerNodeId: nodes[1].id, state: 'serving' }]);
    await reading;
    assert.equal(routes.current(volumeId)?.epoch, epoch);
    await clock.advance(0);
    await routes.stop();
  });

  it('serves from the last map on disk when there is no control plane', async () => {
    using directory = temporaryDirectory();
    const { routes, volumes, control, clock, map } = await routingWorld(directory.path);
    await clock.advance(1_000);
    const owner = routes.current(volumes[1].id);
    await routes.stop();
    control.away = true;
    const restarted = map();
    await restarted.start();
    assert.deepEqual(restarted.current(volumes[1].id), owner);
    assert.equal(restarted.ageMs, undefined);
    await restarted.stop();
  });

  it('starts with nothing from a file that is damaged or not its own', async () => {
    using directory = temporaryDirectory();
    const { control, routes, map } = await routingWorld(directory.path);
    await routes.stop();
    control.away = true;
    for (const text of ['', '{', '{"clusterId":"other","nodes":[],"routes":[]}', '{"routes":7}']) {
      writeFileSync(join(directory.path, 'routes.json'), text);
      const restarted = map();
      await restarted.start();
      assert.equal(restarted.size, 0);
      await restarted.stop();
    }
  });
});
