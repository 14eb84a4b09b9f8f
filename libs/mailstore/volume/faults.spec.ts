import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type MailStore, MailStoreError, type MailStoreErrorCode } from '#mailstore/api';
import { messageParser } from '#protocol/message';
import { collect, silentLogger, systemClock, systemContext } from '#stdx';
import { temporaryDirectory } from '#testing';
import { nodeFiles, type VolumeFile, type VolumeFiles } from './files.ts';
import { createVolume } from './identity.ts';
import { openVolume } from './open-volume.ts';

const context = systemContext('faults');
const identity = { volumeId: 'v', clusterId: 'c' };
const spec = { accountId: 'a', email: 'a@x', partnerId: 'p', quotaBytes: 0 };
const ref = { accountId: 'a', mailboxId: 1 };

type Fault = (what: 'open' | 'write' | 'sync' | 'syncDirectory', path: string) => string | undefined;

/** Files that fail when `fault` names an error code. */
function faulty(fault: Fault): VolumeFiles {
  const check = (what: Parameters<Fault>[0], path: string): void => {
    const code = fault(what, path);
    if (code) throw Object.assign(new Error(code), { code, syscall: what });
  };
  return {
    ...nodeFiles,
    async open(path, mode): Promise<VolumeFile> {
      if (mode === 'create') check('open', path);
      const file = await nodeFiles.open(path, mode);
      return {
        ...file,
        async write(buffers, position) {
          check('write', path);
          await file.write(buffers, position);
        },
        async sync() {
          check('sync', path);
          await file.sync();
        },
      };
    },
    async syncDirectory(path) {
      check('syncDirectory', path);
      await nodeFiles.syncDirectory(path);
    },
  };
}

async function withFaults(test: (open: (epoch: number, fault?: Fault) => Promise<MailStore>) => Promise<void>) {
  using directory = temporaryDirectory();
  await createVolume(directory.path, identity);
  await test((epoch, fault = () => undefined) =>
    openVolume({
      ...{ path: directory.path, ...identity, epoch, clock: systemClock, logger: silentLogger },
      ...{ parse: () => messageParser(), files: faulty(fault), settings: { largeMessageBytes: 5_000 } },
    }),
  );
}

async function append(store: MailStore, text: string): Promise<number> {
  const message = await store.stage(Buffer.from(text));
  try {
    const [added] = await store.append(context, ref, [{ message, keywords: [], internalDate: 0 }]);
    return added!.uid;
  } finally {
    message.discard();
  }
}

async function rejects(what: Promise<unknown>, code: MailStoreErrorCode): Promise<void> {
  await assert.rejects(what, (error) => error instanceof MailStoreError && error.code === code);
}

const text = (name: string, size = 10): string => `Subject: ${name}\r\n\r\n${'x'.repeat(size)}`;

async function subjects(store: MailStore): Promise<(string | null | undefined)[]> {
  const found = [];
  for await (const batch of store.messages(context, ref, [{ first: 1, last: Infinity }], { envelope: true })) {
    for (const { envelope, blobId, size } of batch) {
      assert.equal((await collect(store.read(blobId), 100_000)).length, size);
      found.push(envelope?.subject);
    }
  }
  return found;
}

describe('a sync that fails', () => {
  for (const [where, code] of [
    ['-wal', 'EIO'],
    ['.seg', 'EIO'],
    // Storage that says so only when it is asked to sync (NFS) may have dropped what it was given.
    ['.seg', 'ENOSPC'],
    ['segments', 'EIO'],
  ] as const) {
    it(`of ${where} with ${code} ends the volume, and nothing it did is acknowledged`, () =>
      withFaults(async (open) => {
        let broken = false;
        const store = await open(1, (what, path) =>
          broken && (what === 'sync' || what === 'syncDirectory') && path.endsWith(where) ? code : undefined,
        );
        await store.ensureAccount(context, spec);
        if (where !== 'segments') await append(store, text('kept'));
        broken = true;
        const waiting = [1, 2, 3].map((n) => append(store, text(`lost ${n}`)));
        for (const each of await Promise.allSettled(waiting)) {
          assert(each.status === 'rejected' && each.reason instanceof MailStoreError);
          assert.equal(each.reason.code, 'unavailable');
        }
        assert.match(String((await store.failed).message), /sync/);
        await rejects(append(store, text('later')), 'unavailable');
        await rejects(store.account(context, 'a'), 'unavailable');
        assert.equal(store.health().writable, false);
        await store.close();
        broken = false;
        const next = await open(2);
        const expected = where === 'segments' ? [] : ['kept'];
        assert.deepEqual((await subjects(next)).slice(0, expected.length), expected);
        await append(next, text('after'));
        await next.close();
      }));
  }

  it('leaves no reader waiting: what was read but never became durable is not shown', () =>
    withFaults(async (open) => {
      let release: (() => void) | undefined;
      let broken = false;
      const store = await open(1, (what, path) =>
        broken && what === 'sync' && path.endsWith('-wal') ? 'EIO' : undefined,
      );
      await store.ensureAccount(context, spec);
      broken = true;
      const writing = rejects(append(store, text('never')), 'unavailable');
      // Watched from the start: it may fail while the readings below are still being asked for.
      writing.catch(() => {});
      const readings: Promise<unknown>[] = [];
      while (readings.length < 50) {
        const reading = store.account(context, 'a').then(({ messages }) => assert.equal(messages, 0));
        reading.catch(() => {});
        readings.push(reading);
        await new Promise<void>((resolve) => setImmediate((release = resolve)));
      }
      release?.();
      await writing;
      for (const each of await Promise.allSettled(readings))
        if (each.status === 'rejected') assert(each.reason instanceof MailStoreError, String(each.reason));
      await store.close();
    }));
});

describe('a full disk', () => {
  it('refuses what needs room, for as long as there is none, and loses nothing', () =>
    withFaults(async (open) => {
      let full = false;
      const store = await open(1, (what, path) =>
        full && (what === 'write' || what === 'open') && path.endsWith('.seg') ? 'ENOSPC' : undefined,
      );
      await store.ensureAccount(context, spec);
      await append(store, text('one'));
      await append(store, text('two', 9_000));
      full = true;
      for (const size of [10, 9_000]) await rejects(append(store, text('refused', size)), 'diskFull');
      // What needs no bytes goes on, and what is there can be read.
      await store.setKeywords(context, ref, [{ first: 1, last: 1 }], { mode: 'add', keywords: ['$seen'] });
      await store.expunge(context, ref, [{ first: 2, last: 2 }], { any: true });
      assert.deepEqual(await subjects(store), ['one']);
      // Bytes the volume holds already need no room.
      await append(store, text('one'));
      full = false;
      assert.equal(await append(store, text('three')), 4);
      await append(store, text('four', 9_000));
      assert.deepEqual(await subjects(store), ['one', 'one', 'three', 'four']);
      assert.equal(store.health().writable, true);
      await store.close();
      const again = await open(2);
      assert.deepEqual(await subjects(again), ['one', 'one', 'three', 'four']);
      await again.close();
    }));
});
