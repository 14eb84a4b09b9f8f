import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { rmSync, statfsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { MailStoreError } from '#mailstore/api';
import { messageParser } from '#protocol/message';
import { collect, seededRandom, silentLogger, systemClock, systemContext } from '#stdx';
import { temporaryDirectory, until } from '#testing';
import { createVolume } from './identity.ts';
import { openVolume } from './open-volume.ts';

const context = systemContext('disk-full');
const ref = { accountId: 'a', mailboxId: 1 };
const ALL = [{ first: 1, last: Infinity }];

/** A small file system of its own; undefined where this process may not mount one. */
function smallMount(megabytes: number): ({ readonly path: string } & Disposable) | undefined {
  const directory = temporaryDirectory();
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m`, 'tmpfs', directory.path]);
  if (mounted.status !== 0) {
    directory[Symbol.dispose]();
    return undefined;
  }
  return {
    path: directory.path,
    [Symbol.dispose]() {
      // Lazily: a test that failed may have files open on it.
      spawnSync('umount', ['--lazy', directory.path]);
      directory[Symbol.dispose]();
    },
  };
}

describe('a disk that is really full', () => {
  it('refuses mail with diskFull, loses nothing, lets mail be deleted, and takes mail again', async (t) => {
    using mount = smallMount(12);
    if (!mount) {
      t.skip('needs the right to mount a tmpfs (root)');
      return;
    }
    const { path } = mount;
    const identity = { volumeId: 'v', clusterId: 'c' };
    await createVolume(path, identity);
    const options = { path, ...identity, clock: systemClock, logger: silentLogger, parse: () => messageParser() };
    const settings = { segmentBytesMax: 500_000, walFramesMax: 250, reserveBytes: 3_000_000 };
    const store = await openVolume({ ...options, epoch: 1, settings });
    await store.ensureAccount(context, { accountId: 'a', email: 'a@x', partnerId: 'p', quotaBytes: 0 });
    const random = seededRandom(1);
    const kept = new Map<number, Buffer>();
    const append = async (bytes: Buffer): Promise<number | 'diskFull'> => {
      const message = await store.stage(bytes);
      try {
        const [added] = await store.append(context, ref, [{ message, keywords: [], internalDate: 0 }]);
        kept.set(added!.uid, bytes);
        return added!.uid;
      } catch (error) {
        assert(error instanceof MailStoreError && error.code === 'diskFull', String(error));
        return 'diskFull';
      } finally {
        message.discard();
      }
    };
    const check = async (): Promise<void> => {
      const found = new Map<number, Buffer>();
      for await (const batch of store.messages(context, ref, ALL, {}))
        for (const { uid, blobId } of batch) found.set(uid, await collect(store.read(blobId), 1e6));
      assert.deepEqual([...found.keys()], [...kept.keys()]);
      for (const [uid, bytes] of found) assert(bytes.equals(kept.get(uid)!));
    };
    while ((await append(random.bytes(20_000))) !== 'diskFull');
    while ((await append(random.bytes(50))) !== 'diskFull');
    const { bavail, bsize } = statfsSync(path);
    assert(bavail * bsize < 3_200_000, 'the disk is not full');
    await check();
    const refused = await Promise.all(Array.from({ length: 20 }, () => append(random.bytes(5_000))));
    assert(refused.every((outcome) => outcome === 'diskFull'));
    assert.equal(store.health().writable, true);
    const { uids } = await store.expunge(context, ref, [{ first: 1, last: 200 }], { any: true });
    assert.equal(uids.length, 200);
    for (const uid of uids) kept.delete(uid);
    await check();
    // Files of emptied segments go a moment after the answer.
    await until('room for mail', async () => (await append(random.bytes(5_000))) !== 'diskFull');
    await check();
    // Somebody else takes the reserve as well: now SQLite itself meets the end of the disk.
    const hog = join(path, 'hog');
    const { bavail: blocks, bsize: blockBytes } = statfsSync(path);
    writeFileSync(hog, Buffer.alloc(blocks * blockBytes - 8_192));
    let refusals = 0;
    for (let i = 0; i < 400; i++) {
      const change = { mode: 'add', keywords: [`keyword-number-${i}`.repeat(10)] } as const;
      await store.setKeywords(context, ref, ALL, change).catch((error) => {
        assert(error instanceof MailStoreError && error.code === 'diskFull', String(error));
        refusals += 1;
      });
      if (refusals > 3) break;
    }
    assert(refusals > 0, 'the log never met the end of the disk');
    assert.equal(await append(random.bytes(5_000)), 'diskFull');
    await check();
    rmSync(hog);
    const rest = [...kept.keys()];
    const half = [{ first: 1, last: rest[rest.length >> 1]! }];
    for (const uid of (await store.expunge(context, ref, half, { any: true })).uids) kept.delete(uid);
    await check();
    // Files of emptied segments go a moment after the answer.
    await until('room for mail', async () => (await append(random.bytes(5_000))) !== 'diskFull');
    assert.equal(store.health().writable, true);
    await check();
    await store.close();
    const again = await openVolume({ ...options, epoch: 2 });
    assert.equal((await again.uids(context, ref)).length, kept.size);
    await again.close();
  });
});
