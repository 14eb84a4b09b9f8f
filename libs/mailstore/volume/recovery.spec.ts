import assert from 'node:assert/strict';
import { appendFileSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { type MailStore, MailStoreError } from '#mailstore/api';
import { messageParser } from '#protocol/message';
import { collect, seededRandom, silentLogger, systemContext } from '#stdx';
import { SimulatedClock, temporaryDirectory, until } from '#testing';
import { createVolume } from './identity.ts';
import { openVolume } from './open-volume.ts';
import { encodeRecordHeader, RECORD_HEADER_BYTES } from './record.ts';
import type { VolumeSettings } from './settings.ts';

const context = systemContext('recovery');
const identity = { volumeId: 'v', clusterId: 'c' };
const ref = { accountId: 'a', mailboxId: 1 };
const ALL = [{ first: 1, last: Infinity }];
const clock = new SimulatedClock();

async function open(path: string, epoch: number, settings: Partial<VolumeSettings> = {}): Promise<MailStore> {
  const store = await openVolume({
    ...{ path, ...identity, epoch, clock, logger: silentLogger, parse: () => messageParser(), settings },
    limits: { deletedKeepMs: 0 },
  });
  await store.ensureAccount(context, { accountId: 'a', email: 'a@x', partnerId: 'p', quotaBytes: 0 });
  return store;
}

async function append(store: MailStore, bytes: Buffer): Promise<string> {
  const message = await store.stage(bytes);
  await store.append(context, ref, [{ message, keywords: [], internalDate: 0 }]);
  message.discard();
  return message.blobId;
}

const segments = (path: string): string[] => readdirSync(join(path, 'segments')).sort();
const random = seededRandom(3);

async function volume(): Promise<{ readonly path: string } & Disposable> {
  const directory = temporaryDirectory();
  await createVolume(directory.path, identity);
  return directory;
}

describe('recovery', () => {
  it('cuts garbage off the last segment, and leaves older ones alone', async () => {
    using directory = await volume();
    const { path } = directory;
    const first = await open(path, 1);
    const blobId = await append(first, random.bytes(1_000));
    await first.close();
    const [name] = segments(path);
    const file = join(path, 'segments', name!);
    assert.equal(statSync(file).size, 1_000 + RECORD_HEADER_BYTES);
    appendFileSync(file, Buffer.alloc(500, 7));
    const second = await open(path, 2);
    assert.equal(statSync(file).size, 1_000 + RECORD_HEADER_BYTES);
    assert.equal((await collect(second.read(blobId), 2_000)).length, 1_000);
    await append(second, random.bytes(10));
    assert.deepEqual(segments(path), ['1-1.seg', '2-1.seg']);
    await second.close();
    // Not the last any more: nobody's to touch.
    appendFileSync(file, 'x');
    await (await open(path, 3)).close();
    assert.equal(statSync(file).size, 1_001 + RECORD_HEADER_BYTES);
  });

  it('removes segments nothing refers to, and nothing else', async () => {
    using directory = await volume();
    const { path } = directory;
    const first = await open(path, 1, { largeMessageBytes: 100 });
    await append(first, random.bytes(1_000));
    await append(first, random.bytes(10));
    // Staged, and then the process is gone: as close as one gets without a crash.
    await first.stage(random.bytes(2_000));
    await first.close();
    const kept = segments(path).filter((name) => name !== '1-3.seg');
    writeFileSync(join(path, 'segments', '1-99.seg'), 'orphan');
    writeFileSync(join(path, 'segments', 'notes.txt'), 'not ours');
    const second = await open(path, 1);
    await until('orphans to go', () => segments(path).length === kept.length + 1);
    assert.deepEqual(segments(path), [...kept, 'notes.txt']);
    await second.close();
  });

  it('the same epoch opened again writes no file it wrote before', async () => {
    using directory = await volume();
    const { path } = directory;
    for (let life = 1; life <= 3; life++) {
      const store = await open(path, 1);
      await append(store, random.bytes(10));
      await store.close();
      assert.equal(segments(path).length, life);
    }
  });

  for (const [what, damage] of [
    [
      'a flipped bit in the bytes',
      (file: Buffer) => file.writeUInt8(file.readUInt8(RECORD_HEADER_BYTES + 5) ^ 1, RECORD_HEADER_BYTES + 5),
    ],
    ['a flipped bit in the header', (file: Buffer) => file.writeUInt8(file.readUInt8(10) ^ 1, 10)],
    [
      'another blob’s record',
      (file: Buffer) => encodeRecordHeader({ length: 1_000, hash: Buffer.alloc(32) }).copy(file),
    ],
  ] as const)
    it(`${what} is told, not handed out`, async () => {
      using directory = await volume();
      const { path } = directory;
      const store = await open(path, 1);
      const blobId = await append(store, random.bytes(1_000));
      await store.close();
      const name = join(path, 'segments', '1-1.seg');
      const content = readFileSync(name);
      damage(content);
      writeFileSync(name, content);
      const again = await open(path, 2);
      await assert.rejects(
        collect(again.read(blobId), 2_000),
        (error) => error instanceof MailStoreError && error.code === 'corrupt',
      );
      // The rest of the volume is not its hostage.
      await append(again, random.bytes(10));
      const found = await again.search(context, ref, { kind: 'body', text: 'x' });
      assert(Array.isArray(found.uids));
      await again.close();
    });

  it('a segment cut short, or gone, costs its messages alone', async () => {
    using directory = await volume();
    const { path } = directory;
    const store = await open(path, 1);
    const blobId = await append(store, random.bytes(1_000));
    await store.close();
    writeFileSync(join(path, 'segments', '1-1.seg'), readFileSync(join(path, 'segments', '1-1.seg')).subarray(0, 300));
    const again = await open(path, 2);
    await assert.rejects(
      collect(again.read(blobId), 2_000),
      (error) => error instanceof MailStoreError && error.code === 'corrupt',
    );
    assert.equal((await collect(again.read(blobId, 0, 100), 2_000)).length, 100);
    await again.close();
  });
});

describe('room is given back', () => {
  it('files of segments that hold nothing any more are removed', async () => {
    using directory = await volume();
    const { path } = directory;
    const store = await open(path, 1, { segmentBytesMax: 5_000, largeMessageBytes: 3_000 });
    for (let i = 0; i < 30; i++) await append(store, random.bytes(i % 10 === 9 ? 4_000 : 1_000));
    const before = segments(path).length;
    assert(before > 6, `${before} segments`);
    await store.expunge(context, ref, [{ first: 1, last: 29 }], { any: true });
    await until('segments to go', () => segments(path).length <= 2);
    await append(store, random.bytes(1_000));
    assert.equal((await store.uids(context, ref)).length, 2);
    await store.close();
  });

  it('the rows of a removed account and mailbox go in slices, also after a restart', async () => {
    using directory = await volume();
    const { path } = directory;
    const store = await open(path, 1, { bulkMessagesMax: 10, markedMessagesMax: 10, segmentBytesMax: 5_000 });
    const box = await store.createMailbox(context, 'a', 'big');
    const message = await store.stage(random.bytes(1_000));
    const items = Array.from({ length: 95 }, () => ({ message, keywords: [], internalDate: 0 }));
    await store.append(context, { ...ref, mailboxId: box.id }, items);
    await store.append(context, ref, items);
    await store.deleteMailbox(context, 'a', 'big');
    assert.equal(store.health().messagesStored, 95);
    await store.close();
    const again = await open(path, 2, { bulkMessagesMax: 10 });
    assert.equal(again.health().messagesStored, 95);
    await again.removeAccount(context, 'a');
    await until('the bytes to go', () =>
      collect(again.read(message.blobId), 2_000).then(
        () => false,
        () => true,
      ),
    );
    await until('the file to go', () => segments(path).length === 0);
    await again.close();
  });

  it('tombstones are kept their time and then forgotten, and `changes` says so', async () => {
    using directory = await volume();
    const DAY = 24 * 3_600_000;
    const store = await open(directory.path, 1);
    for (let i = 0; i < 3; i++) await append(store, random.bytes(10));
    const start = (await store.mailbox(context, 'a', 1)).modSeq;
    await store.expunge(context, ref, [{ first: 1, last: 1 }], { any: true });
    await clock.advance(20 * DAY);
    await store.expunge(context, ref, [{ first: 2, last: 2 }], { any: true });
    const both = await store.changes(context, ref, start);
    assert.deepEqual([both.exact, both.vanished.map(({ uid }) => uid)], [true, [1, 2]]);
    await clock.advance(11 * DAY);
    const left = await until('the old tombstone to go', async () => {
      const changes = await store.changes(context, ref, start);
      return changes.exact ? undefined : changes;
    });
    assert.deepEqual(
      left.vanished.map(({ uid }) => uid),
      [2],
    );
    assert.equal((await store.changes(context, ref, start + 1)).exact, true);
    await store.close();
  });
});

describe('many mailboxes’ worth of reading', () => {
  it('ranges of any kind name the same messages to a bulk change as to a listing', async () => {
    using directory = await volume();
    const store = await open(directory.path, 1, { bulkMessagesMax: 7, markedMessagesMax: 7 });
    const message = await store.stage(random.bytes(10));
    await store.append(
      context,
      ref,
      Array.from({ length: 60 }, () => ({ message, keywords: [], internalDate: 0 })),
    );
    await store.expunge(
      context,
      ref,
      Array.from({ length: 20 }, (_, i) => ({ first: 3 * i + 1, last: 3 * i + 1 })),
      { any: true },
    );
    for (let round = 0; round < 60; round++) {
      const ranges = Array.from({ length: 1 + Math.floor(random.fraction() * 5) }, () => {
        const first = 1 + Math.floor(random.fraction() * 70);
        const pick = random.fraction();
        return { first, last: pick < 0.3 ? first : pick < 0.8 ? first + Math.floor(random.fraction() * 30) : Infinity };
      });
      const listed: number[] = [];
      for await (const batch of store.flags(context, ref, ranges)) listed.push(...batch.map(({ uid }) => uid));
      const { changed } = await store.setKeywords(context, ref, ranges, { mode: 'replace', keywords: [`r${round}`] });
      assert.deepEqual(
        changed.map(({ uid }) => uid),
        listed,
      );
    }
    assert.equal((await store.uids(context, ref)).length, 40);
    assert.deepEqual((await store.expunge(context, ref, ALL, { any: true })).uids.length, 40);
    await store.close();
  });
});
