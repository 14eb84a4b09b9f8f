import assert from 'node:assert/strict';
import { appendFileSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { type MailStore, MailStoreError } from '#mailstore/api';
import { messageParser } from '#protocol/message';
import { collect, seededRandom, silentLogger, systemContext } from '#stdx';
import { SimulatedClock, temporaryDirectory } from '#testing';
import { assertSound } from '../crash/soundness.ts';
import { createVolume } from '../identity.ts';
import { openVolume } from '../open-volume.ts';
import type { VolumeSettings } from '../settings.ts';
import { restoreVolume } from './restore-volume.ts';

const context = systemContext('backup');
const identity = { volumeId: 'v', clusterId: 'c' };
const clock = new SimulatedClock();
const spec = { accountId: 'a', email: 'a@x', partnerId: 'p', quotaBytes: 0 };
const bytesOf = (n: number): Buffer =>
  Buffer.concat([Buffer.from(`Subject: ${n}\r\n\r\n`), seededRandom(n).bytes(n % 7 === 0 ? 30_000 : 900)]);

const open = (path: string, epoch: number, settings: Partial<VolumeSettings> = {}): Promise<MailStore> =>
  openVolume({
    ...{ path, ...identity, epoch, clock, logger: silentLogger, parse: () => messageParser() },
    settings: { segmentBytesMax: 8_000, largeMessageBytes: 20_000, backupBytesPerSecond: Infinity, ...settings },
    limits: { deletedKeepMs: 0 },
  });

async function append(store: MailStore, mailbox: string, n: number, keywords: readonly string[] = []): Promise<void> {
  const { id } = await store.mailbox(context, 'a', mailbox);
  const message = await store.stage(bytesOf(n));
  await store.append(context, { accountId: 'a', mailboxId: id }, [{ message, keywords, internalDate: n }]);
  message.discard();
}

/** Subject → bytes are right, and marks, of a mailbox. */
async function contents(store: MailStore, mailbox: string, accountId = 'a'): Promise<Map<number, readonly string[]>> {
  const found = new Map<number, readonly string[]>();
  const { id } = await store.mailbox(context, accountId, mailbox);
  const ref = { accountId, mailboxId: id };
  for await (const batch of store.messages(context, ref, [{ first: 1, last: Infinity }], { envelope: true })) {
    for (const { envelope, blobId, keywords, internalDate } of batch) {
      const n = Number(envelope?.subject);
      assert((await collect(store.read(blobId), 1e6)).equals(bytesOf(n)));
      assert.equal(internalDate, n);
      found.set(n, keywords);
    }
  }
  return found;
}

/** A volume with twenty messages, and a directory for backups. */
async function filled() {
  const directory = temporaryDirectory();
  const path = join(directory.path, 'volume');
  const target = join(directory.path, 'backups');
  await restoreNothing(path);
  const store = await open(path, 1);
  await store.ensureAccount(context, spec);
  await store.createMailbox(context, 'a', 'Work');
  for (let n = 1; n <= 20; n++) await append(store, n % 2 ? 'INBOX' : 'Work', n, n % 3 ? [] : ['$seen']);
  return { directory, path, target, store };
}

async function restoreNothing(path: string): Promise<void> {
  mkdirSync(path);
  await createVolume(path, identity);
}

const rejectsWith = (code: string) => (error: unknown) => error instanceof MailStoreError && error.code === code;

describe('backup', () => {
  it('a volume comes back whole from a backup made while it worked', async () => {
    const { directory, path, target, store } = await filled();
    using _ = directory;
    const work = (async () => {
      for (let n = 21; n <= 60; n++) {
        await append(store, 'INBOX', n);
        if (n % 4 === 0)
          await store.expunge(context, { accountId: 'a', mailboxId: 1 }, [{ first: n - 20, last: n - 18 }], {
            any: true,
          });
      }
    })();
    const info = await store.backup.createBackup(target);
    await work;
    await store.close();
    assertSound(path);
    assert.deepEqual(info.damaged, []);
    const again = join(directory.path, 'again');
    await restoreVolume({ directory: target, volumeId: 'v', name: info.name }, again, clock.now());
    const restored = await open(again, 2);
    const found = new Set([
      ...(await contents(restored, 'INBOX')).keys(),
      ...(await contents(restored, 'Work')).keys(),
    ]);
    assert.equal(found.size, info.messages);
    for (let n = 2; n <= 20; n += 2) assert(found.has(n), `message ${n}`);
    await append(restored, 'INBOX', 99);
    await restored.close();
    assertSound(again);
    await assert.rejects(
      restoreVolume({ directory: target, volumeId: 'v', name: info.name }, again, clock.now()),
      rejectsWith('modified'),
    );
  });

  it('the next one copies only what is new', async () => {
    const { directory, target, store } = await filled();
    using _ = directory;
    const first = await store.backup.createBackup(target);
    await clock.advance(1_000);
    const second = await store.backup.createBackup(target);
    assert.deepEqual([first.copiedBytes, second.copiedBytes], [first.bytes, 0]);
    await append(store, 'INBOX', 21);
    await clock.advance(1_000);
    const third = await store.backup.createBackup(target);
    assert(third.copiedBytes > 30_000 && third.copiedBytes < 31_000, String(third.copiedBytes));
    await append(store, 'INBOX', 22);
    await clock.advance(1_000);
    const fourth = await store.backup.createBackup(target);
    assert(fourth.copiedBytes > 900 && fourth.copiedBytes < 1_100, String(fourth.copiedBytes));
    assert.deepEqual(await store.backup.listBackups(target), [first, second, third, fourth]);
    await store.close();
    // The first is still what it was.
    const again = join(directory.path, 'again');
    await restoreVolume({ directory: target, volumeId: 'v', name: first.name }, again, clock.now());
    const restored = await open(again, 2);
    assert.equal((await contents(restored, 'INBOX')).size, 10);
    await restored.close();
  });

  it('numbers given out after the backup are not given out again', async () => {
    const { directory, target, store } = await filled();
    using _ = directory;
    const { name } = await store.backup.createBackup(target);
    const before = await store.mailbox(context, 'a', 'INBOX');
    await append(store, 'INBOX', 21);
    const account = await store.account(context, 'a');
    const message = await store.stage(bytesOf(3));
    await store.deliver(context, {
      ...{ message, receivedAt: 0, targets: [] },
      queue: [{ reversePath: '', forwardPath: 'x@y', partnerId: 'p' }],
    });
    await clock.advance(1_000);
    const { name: later } = await store.backup.createBackup(target);
    await store.close();
    for (const [backup, queued] of [
      [name, 0],
      [later, 1],
    ] as const) {
      const again = join(directory.path, backup);
      await restoreVolume({ directory: target, volumeId: 'v', name: backup }, again, clock.now());
      const restored = await open(again, 2);
      const inbox = await restored.mailbox(context, 'a', 'INBOX');
      assert.notEqual(inbox.uidValidity, before.uidValidity);
      assert((await restored.account(context, 'a')).modSeq > account.modSeq);
      const ref = { accountId: 'a', mailboxId: inbox.id };
      assert.equal((await restored.changes(context, ref, account.modSeq)).exact, false);
      const entries = await restored.queueEntries({ limit: 10 });
      assert.deepEqual(
        entries.map(({ status }) => status),
        Array.from({ length: queued }, () => 'held'),
      );
      await restored.close();
    }
  });

  it('brings back an account, a mailbox and a message', async () => {
    const { directory, target, store } = await filled();
    using _ = directory;
    const { name } = await store.backup.createBackup(target);
    const from = { directory: target, name };
    await assert.rejects(store.backup.restoreAccount(context, from, 'a'), rejectsWith('modified'));
    const copy = { accountId: 'b', email: 'b@x' };
    assert.equal((await store.backup.restoreAccount(context, from, 'a', copy)).messages, 20);
    assert.equal((await contents(store, 'Work', 'b')).get(6)?.[0], '$seen');
    await store.deleteMailbox(context, 'a', 'Work');
    const wish = { accountId: 'a', mailbox: 'Work' };
    assert.deepEqual(await store.backup.restoreMessages(context, from, wish), { restored: 10, present: 0 });
    assert.deepEqual(await store.backup.restoreMessages(context, from, wish), { restored: 0, present: 10 });
    assert.deepEqual((await contents(store, 'Work')).get(6), ['$seen']);
    const ref = { accountId: 'a', mailboxId: 1 };
    await store.expunge(context, ref, [{ first: 1, last: 2 }], { any: true });
    const found = { accountId: 'a', mailbox: 'Found' };
    const one = { accountId: 'a@x', mailbox: 'INBOX', messageId: 3 };
    assert.deepEqual(await store.backup.restoreMessages(context, from, one, found), { restored: 1, present: 0 });
    assert.deepEqual([...(await contents(store, 'Found')).keys()], [3]);
    const gone = { ...one, messageId: 999 };
    await assert.rejects(store.backup.restoreMessages(context, from, gone), rejectsWith('messageNotFound'));
    await store.removeAccount(context, 'a');
    const back = await store.backup.restoreAccount(context, from, 'a');
    assert.equal(back.messages, 20);
    await append(store, 'INBOX', 21);
    assert.equal((await contents(store, 'INBOX')).size, 11);
    await store.close();
  });

  it('one that broke off is none, and what is damaged is said', async () => {
    const { directory, path, target, store } = await filled();
    using _ = directory;
    await store.close();
    const [segment] = readdirSync(join(path, 'segments'));
    const file = join(path, 'segments', segment!);
    const content = readFileSync(file);
    writeFileSync(file, content.subarray(0, 300));
    const again = await open(path, 2);
    const { damaged, name } = await again.backup.createBackup(target);
    assert.deepEqual(damaged, [segment]);
    await clock.advance(1_000);
    writeFileSync(join(target, 'v', 'segments', 'stray'), 'x');
    const half = again.backup.createBackup(target).catch(() => {});
    await again.close();
    await half;
    const reopened = await open(path, 3);
    for (const info of await reopened.backup.listBackups(target))
      assert(existsSync(join(target, 'v', info.name, 'manifest.json')));
    assert.equal((await reopened.backup.listBackups(target))[0]?.name, name);
    await assert.rejects(
      reopened.backup.restoreAccount(context, { directory: target, name: 'none' }, 'a'),
      rejectsWith('corrupt'),
    );
    await reopened.close();
  });

  it('a copy that is not what it was is found out when it is read', async () => {
    const { directory, target, store } = await filled();
    using _ = directory;
    const { name } = await store.backup.createBackup(target);
    const [segment] = readdirSync(join(target, 'v', 'segments'));
    const file = join(target, 'v', 'segments', segment!);
    const content = readFileSync(file);
    content.writeUInt8(content.readUInt8(200) ^ 1, 200);
    writeFileSync(file, content);
    appendFileSync(file, 'more');
    assert(statSync(file).size > content.length);
    const copy = { accountId: 'b', email: 'b@x' };
    await assert.rejects(
      store.backup.restoreAccount(context, { directory: target, name }, 'a', copy),
      rejectsWith('corrupt'),
    );
    await assert.rejects(store.account(context, 'b'), rejectsWith('accountNotFound'));
    await store.close();
  });
});
