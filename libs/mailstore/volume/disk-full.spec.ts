import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { closeSync, openSync, readdirSync, rmSync, statfsSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { type MailStore, MailStoreError } from '#mailstore/api';
import { messageParser } from '#protocol/message';
import { collect, seededRandom, silentLogger, systemClock, systemContext } from '#stdx';
import { temporaryDirectory, until } from '#testing';
import { createVolume } from './identity.ts';
import { type OpenVolumeOptions, openVolume } from './open-volume.ts';

const context = systemContext('disk-full');
const ref = { accountId: 'a', mailboxId: 1 };
const ALL = [{ first: 1, last: Infinity }];
const identity = { volumeId: 'v', clusterId: 'c' };
const account = { accountId: 'a', email: 'a@x', partnerId: 'p', quotaBytes: 0 };

const optionsOf = (path: string): Omit<OpenVolumeOptions, 'epoch'> => ({
  ...{ path, ...identity, clock: systemClock, logger: silentLogger, parse: () => messageParser() },
});

async function put(store: MailStore, bytes: Buffer): Promise<number> {
  const message = await store.stage(bytes);
  try {
    const [added] = await store.append(context, ref, [{ message, keywords: [], internalDate: 0 }]);
    return added!.uid;
  } finally {
    message.discard();
  }
}

/** Takes the room of a file system to the last byte. */
function fill(file: string): void {
  const descriptor = openSync(file, 'w');
  try {
    for (;;) writeSync(descriptor, Buffer.alloc(4_096));
  } catch (error) {
    assert.equal((error as NodeJS.ErrnoException).code, 'ENOSPC');
  } finally {
    closeSync(descriptor);
  }
}

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
    await createVolume(path, identity);
    const options = optionsOf(path);
    const settings = { segmentBytesMax: 500_000, walFramesMax: 250, reserveBytes: 3_000_000 };
    const store = await openVolume({ ...options, epoch: 1, settings });
    await store.ensureAccount(context, account);
    const random = seededRandom(1);
    const kept = new Map<number, Buffer>();
    const append = async (bytes: Buffer): Promise<number | 'diskFull'> => {
      try {
        const uid = await put(store, bytes);
        kept.set(uid, bytes);
        return uid;
      } catch (error) {
        assert(error instanceof MailStoreError && error.code === 'diskFull', String(error));
        return 'diskFull';
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

  it('opens when not a byte is left, and what it could not note then is noted when there is room', async (t) => {
    using mount = smallMount(4);
    if (!mount) {
      t.skip('needs the right to mount a tmpfs (root)');
      return;
    }
    const { path } = mount;
    await createVolume(path, identity);
    const first = await openVolume({ ...optionsOf(path), epoch: 1, settings: { reserveBytes: 500_000 } });
    await first.ensureAccount(context, account);
    const bytes = seededRandom(2).bytes(5_000);
    await put(first, bytes);
    await first.close();
    const hog = join(path, 'hog');
    // What is deleted is gone at once.
    const limits = { deletedKeepMs: 0 };
    fill(hog);
    const again = await openVolume({ ...optionsOf(path), epoch: 2, limits, settings: { reserveBytes: 0 } });
    assert.deepEqual([...(await again.uids(context, ref))], [1]);
    for await (const batch of again.messages(context, ref, ALL, {}))
      for (const { blobId } of batch) assert((await collect(again.read(blobId), 1e6)).equals(bytes));
    await assert.rejects(again.expunge(context, ref, ALL, { any: true }), { code: 'diskFull' });
    await assert.rejects(put(again, bytes), { code: 'diskFull' });
    assert.equal(again.health().writable, true);
    rmSync(hog);
    assert.deepEqual((await again.expunge(context, ref, ALL, { any: true })).uids, [1]);
    // The segment the first owner left open was closed with it, or it could not go.
    await until('no segment', () => readdirSync(join(path, 'segments')).length === 0);
    await again.close();
    await (await openVolume({ ...optionsOf(path), epoch: 3 })).close();
  });

  it('the text index leaves the reserve alone, and goes on when there is room', async (t) => {
    using mount = smallMount(12);
    if (!mount) {
      t.skip('needs the right to mount a tmpfs (root)');
      return;
    }
    const { path } = mount;
    await createVolume(path, identity);
    const reserveBytes = 3_000_000;
    const settings = { segmentBytesMax: 500_000, walFramesMax: 50, reserveBytes };
    const volume = await openVolume({ ...optionsOf(path), epoch: 1, limits: { deletedKeepMs: 0 }, settings });
    await volume.ensureAccount(context, account);
    const random = seededRandom(3);
    const text = (): Buffer =>
      Buffer.from(
        `Subject: x\r\n\r\n${random
          .bytes(30_000)
          .toString('hex')
          .replaceAll(/(.{8})/g, '$1 ')}`,
      );
    const refused = async (): Promise<boolean> => {
      try {
        await put(volume, text());
        return false;
      } catch (error) {
        assert(error instanceof MailStoreError && error.code === 'diskFull', String(error));
        return true;
      }
    };
    while (!(await refused()));
    const search = () => volume.search(context, ref, { kind: 'body', text: 'no such words' });
    assert.deepEqual((await search()).uids, []);
    const { indexedMessages } = volume.health().textIndex;
    const { bavail, bsize } = statfsSync(path);
    // What was begun before the disk was full may have taken some of it: a log.
    assert(bavail * bsize > reserveBytes - 300_000, `${bavail * bsize} bytes are left`);
    const [last] = (await volume.uids(context, ref)).slice(-1);
    await volume.expunge(context, ref, [{ first: 1, last: last! - 10 }], { any: true });
    await until('the text index goes on', async () => {
      await search();
      return volume.health().textIndex.indexedMessages > indexedMessages;
    });
    await volume.close();
  });
});
