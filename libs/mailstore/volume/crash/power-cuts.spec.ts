import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { type AccountCursor, type MailStore, MailStoreError } from '#mailstore/api';
import { messageParser } from '#protocol/message';
import { collect, seededRandom, silentLogger, systemContext } from '#stdx';
import { SimulatedClock, temporaryDirectory, until } from '#testing';
import type { VolumeFiles } from '../files.ts';
import { createVolume } from '../identity.ts';
import { openVolume } from '../open-volume.ts';
import { defaultVolumeSettings } from '../settings.ts';
import { CutFiles } from './cut-files.ts';
import type { Omission } from './forgetful-files.ts';
import { assertSound } from './soundness.ts';

const context = systemContext('cuts');
const identity = { volumeId: 'v', clusterId: 'c' };
const clock = new SimulatedClock();
const ref = { accountId: 'a', mailboxId: 1 };
const ALL = [{ first: 1, last: Infinity }];
const COUNT = 14;
const LARGE = 7;

const bytesOf = (n: number): Buffer =>
  Buffer.concat([Buffer.from(`Subject: ${n}\r\n\r\n`), seededRandom(n).bytes(n % LARGE === 0 ? 9_000 : 700)]);

const open = (path: string, epoch: number, files?: VolumeFiles, time = clock): Promise<MailStore> =>
  openVolume({
    ...{ path, ...identity, epoch, clock: time, logger: silentLogger, parse: () => messageParser() },
    settings: {
      ...{
        segmentBytesMax: 6_000,
        largeMessageBytes: 5_000,
        bulkMessagesMax: 5,
        markedMessagesMax: 5,
        upkeepBytesPerSecond: Infinity,
      },
      // The log is written back every few commits, with a cut at each of its syncs.
      ...{ walFramesMax: 24, walFramesQuiet: 12, walFramesIdle: 6 },
    },
    ...(files ? { files } : {}),
  });

async function fill(store: MailStore): Promise<void> {
  await store.ensureAccount(context, { accountId: 'a', email: 'a@x', partnerId: 'p', quotaBytes: 0 });
  for (let n = 1; n <= COUNT; n++) {
    const message = await store.stage(bytesOf(n));
    await store.append(context, ref, [{ message, keywords: [], internalDate: 0 }]);
    message.discard();
  }
}

/** Numbers of the messages in a mailbox of `a`, each with its bytes, and those that read `corrupt`. */
async function numbers(store: MailStore): Promise<{ readonly whole: number[]; readonly corrupt: number[] }> {
  const found = { whole: [] as number[], corrupt: [] as number[] };
  for await (const batch of store.messages(context, ref, ALL, { envelope: true })) {
    for (const { envelope, blobId } of batch) {
      const n = Number(envelope?.subject);
      try {
        assert((await collect(store.read(blobId), 1e5)).equals(bytesOf(n)));
        found.whole.push(n);
      } catch (error) {
        assert(error instanceof MailStoreError && error.code === 'corrupt', String(error));
        found.corrupt.push(n);
      }
    }
  }
  return { whole: found.whole.sort((a, b) => a - b), corrupt: found.corrupt };
}

/** `forgetting`: the owner that is looked at forgets, too, and one may go before its bytes are read. */
async function deletedNumbers(store: MailStore, forgetting = false): Promise<number[]> {
  const found = await store.deleted.listDeleted(context, 'a', { limit: 1_000 });
  for (const { blobId, envelope } of found)
    try {
      assert((await collect(store.read(blobId), 1e5)).equals(bytesOf(Number(envelope.subject))));
    } catch (error) {
      if (!(forgetting && error instanceof MailStoreError && error.code === 'messageNotFound')) throw error;
    }
  return found.map(({ envelope }) => Number(envelope.subject));
}

/** Prepares a volume, then does the work with a cut at each step, each looked at by the next owner. */
async function cutting(options: {
  readonly prepare?: (store: MailStore, path: string) => Promise<void>;
  readonly damage?: (path: string) => void;
  readonly work: (store: MailStore, path: string) => Promise<unknown>;
  readonly look: (store: MailStore) => Promise<void>;
  readonly omission?: Omission;
}): Promise<CutFiles> {
  using directory = temporaryDirectory();
  const { path } = directory;
  await createVolume(path, identity);
  const born = await open(path, 1);
  await options.prepare?.(born, path);
  await born.close();
  options.damage?.(path);
  const files = new CutFiles(path, options.omission);
  const store = await open(path, 2, files);
  await files.during(
    () => options.work(store, path),
    async (image) => {
      // Its time stands still while it is looked at: upkeep of its own would change what is seen.
      const next = await open(image, 3, undefined, new SimulatedClock(clock.now()));
      try {
        await options.look(next);
      } finally {
        await next.close();
      }
      if (!options.damage) assertSound(image);
    },
  );
  await store.close();
  return files;
}

async function assertCuts(least: number, files: CutFiles): Promise<void> {
  if (files.fault) throw files.fault;
  assert(files.cuts >= least, `only ${files.cuts} cuts`);
}

const EVERY = Array.from({ length: COUNT }, (_, i) => i + 1);

describe('a power cut at any step', () => {
  it('of deleting and restoring leaves each message in one of both places', async () => {
    const files = await cutting({
      prepare: fill,
      async work(store) {
        await store.expunge(context, ref, [{ first: 3, last: 9 }], { any: true });
        await store.deleted.restoreDeleted(context, 'a', { since: 0 });
      },
      async look(store) {
        const { whole, corrupt } = await numbers(store);
        const both = [...whole, ...(await deletedNumbers(store))].sort((a, b) => a - b);
        assert.deepEqual([both, corrupt], [EVERY, []]);
      },
    });
    await assertCuts(4, files);
  });

  it('of forgetting deleted messages costs none of the others', async () => {
    const doomed = EVERY.filter((n) => n <= 7);
    const files = await cutting({
      async prepare(store) {
        await fill(store);
        await store.expunge(context, ref, [{ first: 1, last: 7 }], { any: true });
      },
      async work(store) {
        await clock.advance(15 * 24 * 3_600_000);
        await until('all to be forgotten', async () => {
          await clock.advance(defaultVolumeSettings.upkeepIntervalMs);
          return store.health().upkeep.deletedExpired === doomed.length;
        });
      },
      async look(store) {
        const { whole } = await numbers(store);
        assert.deepEqual(
          whole,
          EVERY.filter((n) => n > 7),
        );
        assert((await deletedNumbers(store, true)).every((n) => doomed.includes(n)));
      },
    });
    await assertCuts(3, files);
  });

  const importing = async (omission?: Omission): Promise<CutFiles> => {
    using elsewhere = temporaryDirectory();
    await createVolume(elsewhere.path, identity);
    const source = await open(elsewhere.path, 1);
    await fill(source);
    await source.expunge(context, ref, [{ first: 2, last: 4 }], { any: true });
    const stream = await collect(source.transfer.exportAccount(context, 'a'), 1e7);
    const before = [await numbers(source), await deletedNumbers(source), await source.account(context, 'a')];
    await source.close();
    const one = async function* () {
      yield stream;
    };
    let answered: AccountCursor | undefined;
    return cutting({
      async work(store) {
        answered = await store.transfer.importAccount(context, one());
      },
      async look(store) {
        await assert.rejects(store.account(context, 'a'), /accountNotFound/);
        // What was cut off is given again. One that had come to its end is there.
        const cursor = await store.transfer.arrivingAccount(context, 'a');
        if (answered) assert.deepEqual(cursor, answered);
        if (!cursor || cursor.modSeq === 0) await store.transfer.importAccount(context, one());
        await store.transfer.admitAccount(context, 'a');
        const after = [await numbers(store), await deletedNumbers(store), await store.account(context, 'a')];
        assert.deepEqual(after, before);
      },
      ...(omission ? { omission } : {}),
    });
  };

  it('of taking an account in lets it be given again', async () => {
    await assertCuts(12, await importing());
  });

  it('of repairing damage leaves no message worse than it was', async () => {
    const files = await cutting({
      async prepare(store, path) {
        await fill(store);
        await store.backup.createBackup(join(path, 'backups'));
      },
      damage(path) {
        const segments = join(path, 'segments');
        for (const name of readdirSync(segments).slice(0, 2)) {
          const content = readFileSync(join(segments, name));
          content.writeUInt8(content.readUInt8(200) ^ 1, 200);
          writeFileSync(join(segments, name), content);
        }
      },
      async work(store, path) {
        await until('the scrub', async () => {
          await clock.advance(defaultVolumeSettings.upkeepIntervalMs);
          return store.health().upkeep.damagedBlobs === 2;
        });
        assert.deepEqual(await store.backup.repair(join(path, 'backups')), { repaired: 2, left: 0 });
        assert.deepEqual(await numbers(store), { whole: EVERY, corrupt: [] });
      },
      async look(store) {
        const { whole, corrupt } = await numbers(store);
        assert.deepEqual([whole.length + corrupt.length, corrupt.length <= 2], [COUNT, true]);
      },
    });
    await assertCuts(5, files);
  });

  for (const omission of ['segmentSync', 'walSync', 'directorySync'] as const)
    it(`would be noticed with a missing ${omission}`, async () => {
      assert((await importing(omission)).fault);
    });
});
