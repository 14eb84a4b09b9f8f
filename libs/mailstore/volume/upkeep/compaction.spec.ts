import assert from 'node:assert/strict';
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { type MailStore, MailStoreError } from '#mailstore/api';
import { messageParser } from '#protocol/message';
import { collect, seededRandom, silentLogger, systemContext } from '#stdx';
import { SimulatedClock, temporaryDirectory, until } from '#testing';
import { CutFiles } from '../crash/cut-files.ts';
import type { Omission } from '../crash/forgetful-files.ts';
import { assertSound } from '../crash/soundness.ts';
import type { VolumeFiles } from '../files.ts';
import { createVolume } from '../identity.ts';
import { openVolume } from '../open-volume.ts';
import { RECORD_HEADER_BYTES } from '../record.ts';
import { defaultVolumeSettings } from '../settings.ts';

const context = systemContext('compaction');
const identity = { volumeId: 'v', clusterId: 'c' };
const ref = { accountId: 'a', mailboxId: 1 };
const WAKE_MS = defaultVolumeSettings.upkeepIntervalMs;
const SIZE = 1_000;
const COUNT = 30;

const bytesOf = (n: number): Buffer => seededRandom(n).bytes(SIZE);
const segments = (path: string): string[] => readdirSync(join(path, 'segments')).sort();

/** An open volume whose first segment holds `COUNT` messages, and a second one a message more. */
class Room implements AsyncDisposable {
  readonly clock = new SimulatedClock();
  private readonly directory = temporaryDirectory();
  private opened: MailStore | undefined;

  get path(): string {
    return this.directory.path;
  }

  get store(): MailStore {
    assert(this.opened);
    return this.opened;
  }

  static async filled(): Promise<Room> {
    const room = new Room();
    await createVolume(room.path, identity);
    await room.open(1);
    await room.store.ensureAccount(context, { accountId: 'a', email: 'a@x', partnerId: 'p', quotaBytes: 0 });
    for (let n = 0; n < COUNT; n++) await room.append(n);
    await room.reopen(2);
    await room.append(COUNT);
    return room;
  }

  async reopen(epoch: number, files?: VolumeFiles): Promise<void> {
    await this.store.close();
    await this.open(epoch, files);
  }

  async append(n: number): Promise<void> {
    const message = await this.store.stage(bytesOf(n));
    await this.store.append(context, ref, [{ message, keywords: [], internalDate: 0 }]);
    message.discard();
  }

  async blobOf(uid: number): Promise<string> {
    for await (const [message] of this.store.messages(context, ref, [{ first: uid, last: uid }], {}))
      if (message) return message.blobId;
    throw new Error(`no message ${uid}`);
  }

  /** Leaves one in three of the first segment. */
  async thin(): Promise<void> {
    const doomed = Array.from({ length: COUNT }, (_, n) => n + 1).filter((uid) => uid % 3 > 0);
    const ranges = doomed.map((uid) => ({ first: uid, last: uid }));
    await this.store.expunge(context, ref, ranges, { any: true });
  }

  /** Lets upkeep look, and waits until it has done `count` segments. */
  async compact(count = 1): Promise<void> {
    await this.clock.advance(WAKE_MS);
    await until('compaction', () => this.store.health().upkeep.compactedSegments >= count);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.store.close();
    assertSound(this.path);
    this.directory[Symbol.dispose]();
  }

  private async open(epoch: number, files?: VolumeFiles): Promise<void> {
    const { path, clock } = this;
    this.opened = await openVolume({
      ...{ path, ...identity, epoch, clock, logger: silentLogger, parse: () => messageParser() },
      limits: { deletedKeepMs: 0 },
      settings: { upkeepBytesPerSecond: Infinity, bulkMessagesMax: 4, walFramesMax: 1e9, walFramesQuiet: 1e9 },
      ...(files ? { files } : {}),
    });
  }
}

/** Every message is what it was; `uid` was made of `uid - 1`. */
async function assertWhole(store: MailStore): Promise<number> {
  let count = 0;
  for await (const batch of store.messages(context, ref, [{ first: 1, last: Infinity }], {})) {
    for (const { uid, blobId } of batch) {
      assert((await collect(store.read(blobId), 2 * SIZE)).equals(bytesOf(uid - 1)), `bytes of ${uid}`);
      count += 1;
    }
  }
  return count;
}

describe('compaction', () => {
  it('a segment over half dead is emptied into a new one, and its file goes', async () => {
    await using room = await Room.filled();
    await room.thin();
    assert.deepEqual(segments(room.path), ['1-1.seg', '2-1.seg']);
    await room.compact();
    await until('the old file to go', () => !segments(room.path).includes('1-1.seg'));
    assert.deepEqual(segments(room.path), ['2-1.seg', '2-2.seg']);
    const live = 10 * (SIZE + RECORD_HEADER_BYTES);
    assert.equal(statSync(join(room.path, 'segments', '2-2.seg')).size, live);
    assert.equal(room.store.health().upkeep.reclaimedBytes, 2 * live);
    assert.equal(await assertWhole(room.store), 11);
    await room.reopen(3);
    assert.equal(await assertWhole(room.store), 11);
    assert.deepEqual(segments(room.path), ['2-1.seg', '2-2.seg']);
  });

  it('one that is half alive, or still written to, is left alone', async () => {
    await using room = await Room.filled();
    await room.store.expunge(context, ref, [{ first: 1, last: 14 }], { any: true });
    await room.store.expunge(context, ref, [{ first: COUNT + 1, last: COUNT + 1 }], { any: true });
    await room.clock.advance(WAKE_MS);
    await room.append(COUNT + 1);
    assert.equal(room.store.health().upkeep.compactedSegments, 0);
    assert.deepEqual(segments(room.path), ['1-1.seg', '2-1.seg']);
  });

  it('who is reading goes on reading, and the file waits for him', async () => {
    await using room = await Room.filled();
    await room.thin();
    const [first] = await room.store.uids(context, ref);
    const reading = room.store.read(await room.blobOf(first!), 0, SIZE - 1)[Symbol.asyncIterator]();
    assert.equal((await reading.next()).value.length, SIZE - 1);
    await room.compact();
    await room.append(COUNT + 1);
    assert(segments(room.path).includes('1-1.seg'), 'the file went under its reader');
    assert((await reading.next()).done);
    await until('the old file to go', () => !segments(room.path).includes('1-1.seg'));
  });

  it('a record that is damaged stays, alone, and says so to who reads it', async () => {
    await using room = await Room.filled();
    await room.thin();
    const name = join(room.path, 'segments', '1-1.seg');
    const content = readFileSync(name);
    const uid = 6;
    content.writeUInt8(content.readUInt8((uid - 1) * (SIZE + RECORD_HEADER_BYTES) + 60) ^ 1, (uid - 1) * 1_052 + 60);
    writeFileSync(name, content);
    await room.reopen(3);
    await room.clock.advance(WAKE_MS);
    await until('the others to move', () => segments(room.path).includes('3-1.seg'));
    await room.clock.advance(WAKE_MS);
    await room.append(COUNT + 1);
    const range = [{ first: uid, last: uid }];
    const damaged = await room.blobOf(uid);
    const isCorrupt = (error: unknown): boolean => error instanceof MailStoreError && error.code === 'corrupt';
    await assert.rejects(collect(room.store.read(damaged), 2 * SIZE), isCorrupt);
    await room.store.expunge(context, ref, range, { any: true });
    await until('the old file to go', () => !segments(room.path).includes('1-1.seg'));
    assert.equal(await assertWhole(room.store), 11);
  });

  it('mail deleted and stored while it runs is neither lost nor kept', async () => {
    await using room = await Room.filled();
    await room.thin();
    const work = room.compact();
    for (const uid of [9, 18, 27]) {
      await room.store.expunge(context, ref, [{ first: uid, last: uid }], { any: true });
      await room.append(COUNT + uid / 9);
    }
    await work;
    assert.equal(await assertWhole(room.store), 11);
  });

  it('a power cut at any step of it loses nothing', async () => {
    const { cuts, fault } = await cutAtEachStep();
    if (fault) throw fault;
    assert(cuts >= 7, `only ${cuts} cuts`);
  });

  for (const omission of ['segmentSync', 'directorySync'] as const)
    it(`the test would notice a missing ${omission}`, async () => {
      assert((await cutAtEachStep(omission)).fault);
    });
});

/** Compacts a volume and looks at what storage holds after each thing done to a file. */
async function cutAtEachStep(omission?: Omission): Promise<CutFiles> {
  await using room = await Room.filled();
  await room.thin();
  const files = new CutFiles(room.path, omission);
  await room.reopen(3, files);
  const work = async (): Promise<void> => {
    await room.compact();
    await until('the old file to go', () => !segments(room.path).includes('1-1.seg'));
  };
  await files.during(work, async (path) => {
    const { clock } = room;
    const parts = { ...identity, epoch: 4, clock, logger: silentLogger, parse: () => messageParser() };
    const store = await openVolume({ path, ...parts, limits: { deletedKeepMs: 0 } });
    try {
      assert.equal(await assertWhole(store), 11);
    } finally {
      await store.close();
    }
    assertSound(path);
  });
  return files;
}
