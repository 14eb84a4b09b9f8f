import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { systemClock } from '#stdx';
import { until } from '#testing';
import { type Testbed, testbed } from './testbed.test.ts';

/** Delivers until told to stop; whoever does not answer is asked again. Returns what was acknowledged. */
function deliverForEver(bed: Testbed, index: number, name: string): () => Promise<readonly string[]> {
  const acknowledged: string[] = [];
  let running = true;
  const done = (async () => {
    for (let n = 0; running; n++) {
      const subject = `${name}-${n}`;
      const code = await bed.deliver(index, subject).catch(() => 0);
      if (code === 250) acknowledged.push(subject);
      else await systemClock.sleep(5);
    }
  })();
  return async () => {
    running = false;
    await done;
    return acknowledged;
  };
}

const milliseconds = (since: number): number => Math.round(performance.now() - since);

/** Milliseconds from now until the volume takes a message again at a later epoch. */
async function servedAgain(bed: Testbed, index: number, afterEpoch: number, since: number): Promise<number> {
  await until(
    'another owner',
    async () => {
      const { state, epoch } = await bed.volume(index);
      if (state !== 'serving' || epoch <= afterEpoch) return false;
      return (await bed.deliver(index, `after-${epoch}`).catch(() => 0)) === 250;
    },
    15_000,
  );
  return milliseconds(since);
}

describe('node processes', () => {
  it('hand their volumes on when killed, and lose nothing they acknowledged', async (t) => {
    await using bed = await testbed({ nodes: 3, volumes: 2 });
    const stop = deliverForEver(bed, 0, 'kill');
    const took: number[] = [];
    for (let round = 0; round < 3; round++) {
      await systemClock.sleep(300);
      const { epoch } = await bed.volume(0);
      const owner = await bed.ownerOf(0);
      const since = performance.now();
      owner.signal('SIGKILL');
      took.push(await servedAgain(bed, 0, epoch, since));
      await until('the watchdog to end with its worker', () => !owner.running, 5_000);
      await owner.start();
    }
    const acknowledged = await stop();
    t.diagnostic(`taken over after ${took.join(', ')} ms; ${acknowledged.length} acknowledged`);
    assert.ok(
      took.every((ms) => ms < 3_000),
      `${took}`,
    );
    assert.ok(acknowledged.length > 20, `${acknowledged.length}`);
    const stored = new Set(await bed.subjects(0));
    assert.deepEqual(
      acknowledged.filter((subject) => !stored.has(subject)),
      [],
    );
  });

  it('are killed by their watchdog when they hang, and another takes the volume', async (t) => {
    await using bed = await testbed({ nodes: 2, volumes: 1 });
    assert.equal(await bed.deliver(0, 'before'), 250);
    const owner = await bed.ownerOf(0);
    const { epoch } = await bed.volume(0);
    const since = performance.now();
    owner.signal('SIGSTOP');
    const ms = await servedAgain(bed, 0, epoch, since);
    t.diagnostic(`taken over after ${ms} ms`);
    assert.ok(ms <= 6_000, `${ms} ms`);
    assert.ok(owner.said('no proof of life and lease'));
    assert.notEqual((await bed.ownerOf(0)).member.id, owner.member.id);
    assert.deepEqual(await bed.subjects(0), ['before', `after-${epoch + 1}`]);
  });

  it('write nothing and say why when they come back after having been cut off', async (t) => {
    await using bed = await testbed({ nodes: 2, volumes: 1, wires: true });
    assert.equal(await bed.deliver(0, 'before'), 250);
    const owner = await bed.ownerOf(0);
    const { epoch } = await bed.volume(0);
    const since = performance.now();
    owner.wire.cut = true;
    const ms = await servedAgain(bed, 0, epoch, since);
    t.diagnostic(`taken over after ${ms} ms`);
    assert.ok(ms <= 6_000, `${ms} ms`);
    assert.equal(owner.running, true, 'it lives, it only does not serve');
    // Somebody who still believes in it.
    const code = await bed.deliver(0, 'to the former owner', { node: owner, epoch });
    assert.equal(code, 451);
    const fenced = owner.said('fenced');
    assert.match(String(fenced?.['reason']), /no hub renewed the lease/);
    owner.wire.cut = false;
    await until('it to be a standby', async () => {
      const { nodes } = await bed.state.snapshot();
      return nodes.find(({ id }) => id === owner.member.id)?.state === 'standby';
    });
    assert.equal(await bed.deliver(0, 'late to the former owner', { node: owner, epoch }), 451);
    assert.equal(await bed.deliver(0, 'at last'), 250);
    assert.deepEqual(await bed.subjects(0), ['before', `after-${epoch + 1}`, 'at last']);
  });

  it('change a volume over on request, and stop without a gap', async (t) => {
    await using bed = await testbed({ nodes: 2, volumes: 1 });
    const stop = deliverForEver(bed, 0, 'move');
    const other = bed.nodes[1]!;
    const before = await bed.volume(0);
    await bed.state.requestMove(before.id, other.member.id);
    await until('the move', async () => {
      const { ownerNodeId, state } = await bed.volume(0);
      return ownerNodeId === other.member.id && state === 'serving';
    });
    const moved = (await bed.events()).find(
      ({ kind, detail }) => kind === 'takeoverDone' && detail['cause'] === 'moved',
    );
    t.diagnostic(`moved in ${Math.round(moved?.durationMs ?? 0)} ms`);
    assert.ok((moved?.durationMs ?? 0) <= 1_000);
    const { epoch } = await bed.volume(0);
    const since = performance.now();
    void other.stop();
    const ms = await servedAgain(bed, 0, epoch, since);
    t.diagnostic(`taken over from one that stops after ${ms} ms`);
    const acknowledged = await stop();
    const stored = new Set(await bed.subjects(0));
    assert.deepEqual(
      acknowledged.filter((subject) => !stored.has(subject)),
      [],
    );
  });
});
