import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { MailStore } from '#mailstore/api';
import { messageParser } from '#protocol/message';
import { silentLogger, systemClock, systemContext } from '#stdx';
import { temporaryDirectory } from '#testing';
import { ForgetfulFiles } from './crash/forgetful-files.ts';
import { assertSound } from './crash/soundness.ts';
import type { VolumeFile, VolumeFiles } from './files.ts';
import { createVolume } from './identity.ts';
import { openVolume } from './open-volume.ts';

const context = systemContext('wal');
const identity = { volumeId: 'v', clusterId: 'c' };
const ref = { accountId: 'a', mailboxId: 1 };
const ALL = [{ first: 1, last: Infinity }];
const BLOCK = 4_096;

const open = (path: string, epoch: number, files?: VolumeFiles): Promise<MailStore> =>
  openVolume({
    ...{ path, ...identity, epoch, clock: systemClock, logger: silentLogger, parse: () => messageParser() },
    settings: { walFramesMax: 12, walFramesQuiet: 12 },
    ...(files ? { files } : {}),
  });

async function append(store: MailStore, text: string): Promise<void> {
  const message = await store.stage(Buffer.from(`Subject: ${text}\r\n\r\n${text}\r\n`));
  await store.append(context, ref, [{ message, keywords: [], internalDate: 0 }]);
  message.discard();
}

async function subjects(store: MailStore): Promise<readonly string[]> {
  const found: string[] = [];
  for await (const batch of store.messages(context, ref, ALL, { envelope: true }))
    for (const { envelope } of batch) found.push(envelope?.subject ?? '');
  return found;
}

/** Shows each image that a power cut may leave when the log is begun anew: of the blocks that change any may be old or new. */
class LogCuts extends ForgetfulFiles {
  cuts = 0;
  readonly order: string[] = [];
  private before = Buffer.alloc(0);

  constructor(
    private readonly source: string,
    private readonly look: (image: string) => Promise<void>,
  ) {
    super();
  }

  override async open(path: string, mode: 'create' | 'update' | 'read'): Promise<VolumeFile> {
    const file = await super.open(path, mode);
    const name = path.endsWith('-wal') ? 'log' : path.endsWith('index.db') ? 'index' : undefined;
    if (!name) return file;
    const sync = async (): Promise<void> => {
      this.order.push(name);
      if (name === 'log') await this.cut(path);
      await file.sync();
    };
    return { ...file, sync };
  }

  private async cut(path: string): Promise<void> {
    const now = readFileSync(path);
    const before = this.before;
    this.before = now;
    // The salts in its header change when it is begun anew.
    if (before.length === 0 || before.subarray(16, 24).equals(now.subarray(16, 24))) return;
    const changed = changedBlocks(before, now);
    // The header and one frame, which lie in two blocks: any more could leave an old transaction before a new one.
    assert.ok(
      changed.every((block) => block <= 1),
      `blocks ${changed} change at once`,
    );
    for (const newBlocks of subsets(changed)) {
      const image = mkdtempSync(join(tmpdir(), 'rookery-log-'));
      try {
        this.crash(this.source, image);
        const mixed = Buffer.from(before);
        for (const block of newBlocks) now.copy(mixed, block * BLOCK, block * BLOCK, (block + 1) * BLOCK);
        writeFileSync(join(image, 'index.db-wal'), mixed);
        await this.look(image);
        this.cuts++;
      } finally {
        rmSync(image, { recursive: true, force: true });
      }
    }
  }
}

function changedBlocks(before: Buffer, now: Buffer): readonly number[] {
  const changed: number[] = [];
  for (let at = 0; at < now.length; at += BLOCK)
    if (!now.subarray(at, at + BLOCK).equals(before.subarray(at, at + BLOCK))) changed.push(at / BLOCK);
  return changed;
}

const subsets = (items: readonly number[]): readonly (readonly number[])[] =>
  Array.from({ length: 2 ** items.length }, (_, bits) => items.filter((_item, at) => bits & (1 << at)));

describe("the index's log", () => {
  it('is synced before and after index.db when it is written back, and a power cut while it is begun anew costs nothing', async () => {
    using directory = temporaryDirectory();
    await createVolume(directory.path, identity);
    const acknowledged: string[] = [];
    const files = new LogCuts(directory.path, async (image) => {
      const next = await open(image, 2);
      try {
        assert.deepEqual(await subjects(next), acknowledged);
      } finally {
        await next.close();
      }
      assertSound(image);
    });
    const store = await open(directory.path, 1, files);
    await store.ensureAccount(context, { accountId: 'a', email: 'a@x', partnerId: 'p', quotaBytes: 0 });
    for (let n = 0; n < 40; n++) {
      await append(store, `message ${n}`);
      acknowledged.push(`message ${n}`);
    }
    await store.close();
    assert.ok(files.cuts >= 8, `only ${files.cuts} cuts`);
    const order = files.order.join(' ');
    assert.match(order, /log index log/);
    assert.doesNotMatch(order, /index index/);
    const again = await open(directory.path, 3);
    assert.deepEqual(await subjects(again), acknowledged);
    await again.close();
  });
});
