import assert from 'node:assert/strict';
import { cpSync } from 'node:fs';
import { describe, it } from 'node:test';
import { temporaryDirectory } from '#testing';
import { CutFiles } from '../crash/cut-files.ts';
import type { Omission } from '../crash/forgetful-files.ts';
import { assertSound } from '../crash/soundness.ts';
import { ColdBed, DAY_MS, directoryStorage, numbers, openCold, wholeOf } from './testbed.test.ts';

/** Two objects of the testbed's `coldSegmentBytes`: seven messages, and two. */
const COUNT = 9;

interface Cutting {
  readonly prepare?: (bed: ColdBed) => Promise<void>;
  readonly work: (bed: ColdBed) => Promise<unknown>;
  readonly left: readonly number[];
  readonly omission?: Omission;
}

/**
 * Cuts the power at every step of the work, those of cold storage included. Each time the next owner finds all mail, goes on with the
 * work, finds all mail again, and a day later there is no object that nothing refers to.
 */
async function cutting({ prepare, work, left, omission }: Cutting): Promise<CutFiles> {
  await using bed = await ColdBed.open();
  await bed.append(1, COUNT);
  await prepare?.(bed);
  const files = new CutFiles(bed.path, omission);
  await bed.reopen({ files });
  bed.storage.step = () => files.cut();
  await files.during(
    () => work(bed),
    async (image) => {
      using elsewhere = temporaryDirectory();
      cpSync(bed.coldPath, elsewhere.path, { recursive: true });
      const { clock } = bed;
      const next = await openCold({ path: image, epoch: 90, clock, storage: directoryStorage(elsewhere.path) });
      try {
        assert.deepEqual(await wholeOf(next), left);
        await next.tiering.run();
        assert.deepEqual(await wholeOf(next), left);
      } finally {
        await next.close();
      }
      assertSound(image);
    },
  );
  bed.storage.step = async () => {};
  return files;
}

function assertCuts(least: number, files: CutFiles): void {
  if (files.fault) throw files.fault;
  assert(files.cuts >= least, `only ${files.cuts} cuts`);
}

describe('a power cut at any step', () => {
  const tiering = (omission?: Omission): Promise<CutFiles> =>
    cutting({
      work: (bed) => bed.store.tiering.run(),
      left: numbers(1, COUNT),
      ...(omission ? { omission } : {}),
    });

  it('of moving mail to cold storage loses nothing', async () => {
    // For each object: its name noted, before and after it is put and read back, its messages referred to, closed. Four a slice.
    const object = (messages: number): number => 1 + 2 + 2 + Math.ceil(messages / 4) + 1;
    // Beside that: the rules noted, the hot segment booked, the cold bytes counted in two commits, and the end.
    assertCuts(object(7) + object(2) + 5, await tiering());
  });

  it('of emptying cold segments, and removing them, loses nothing', async () => {
    const kept = [1, 5];
    const files = await cutting({
      async prepare(bed) {
        await bed.reopen({ settings: { coldSegmentBytes: 1_000_000 } });
        await bed.store.tiering.run();
        await bed.remove(...numbers(1, COUNT).filter((n) => !kept.includes(n)));
      },
      async work(bed) {
        await bed.store.tiering.run();
        assert.equal(bed.store.health().upkeep.compactedColdSegments, 1);
        assert.equal(bed.store.health().upkeep.removedColdSegments, 1);
      },
      left: kept,
    });
    assertCuts(10, files);
  });

  for (const omission of ['walSync'] as const)
    it(`would be noticed with a missing ${omission}`, async () => {
      assert((await tiering(omission)).fault);
    });
});

describe('what an owner leaves that broke off', () => {
  it('is removed by the next, and once more a day later: its request may have been on its way', async () => {
    await using bed = await ColdBed.open();
    await bed.append(1, COUNT);
    await bed.reopen();
    const { storage } = bed;
    const putOf = (): string => storage.asked.findLast((what) => what.startsWith('put'))?.slice('put '.length) ?? '';
    let puts = 0;
    storage.step = async () => {
      // Before and after: the second one arrives, and then nothing is answered any more.
      if (storage.asked.at(-1)?.startsWith('put') && ++puts === 4) storage.away = true;
    };
    await assert.rejects(bed.store.tiering.run());
    const name = putOf();
    assert(bed.cold.includes(name), 'nothing was left');
    storage.away = false;
    storage.step = async () => {};
    await bed.reopen();
    await bed.store.tiering.run();
    assert(!bed.cold.includes(name), 'what was left is still there');
    // It would read cold mail while what is asked of storage is looked at.
    await bed.textsIndexed(COUNT);
    await storage.put(name, Buffer.from('late'));
    await bed.store.tiering.run();
    assert(bed.cold.includes(name));
    await bed.clock.advance(DAY_MS);
    await bed.store.tiering.run();
    assert(!bed.cold.includes(name), 'the late one is still there');
    storage.asked = [];
    await bed.store.tiering.run();
    assert.deepEqual(storage.asked, []);
    assert.deepEqual(await bed.whole(), numbers(1, COUNT));
  });
});
