import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { MailStore } from '#mailstore/api';
import { messageParser } from '#protocol/message';
import { silentLogger, systemClock, systemContext } from '#stdx';
import { temporaryDirectory } from '#testing';
import { VolumeOpenError, type VolumeOpenErrorCode } from './errors.ts';
import { nodeFiles } from './files.ts';
import { createVolume } from './identity.ts';
import { proveLocks } from './lock-proof.ts';
import { type OpenVolumeOptions, openVolume } from './open-volume.ts';

const context = systemContext('lock');
const identity = { volumeId: 'v', clusterId: 'c' };
const open = (path: string, epoch: number, more: Partial<OpenVolumeOptions> = {}): Promise<MailStore> =>
  openVolume({
    ...{ path, ...identity, epoch, clock: systemClock, logger: silentLogger, parse: () => messageParser() },
    ...more,
  });

async function refused(opening: Promise<MailStore>, code: VolumeOpenErrorCode): Promise<void> {
  await assert.rejects(opening, (error) => error instanceof VolumeOpenError && error.code === code);
}

/** Another process that owns the volume until it is killed. */
async function owner(path: string, epoch: number): Promise<ChildProcess> {
  const script = fileURLToPath(new URL('./lock-holder.js', import.meta.url));
  const child = spawn(process.execPath, [script, path, String(epoch)], { stdio: ['ignore', 'pipe', 'inherit'] });
  const said = await new Promise<string>((resolve) => child.stdout?.once('data', (data) => resolve(String(data))));
  assert.equal(said, 'open');
  return child;
}

/** What a child process makes of the volume: `open`, or the code it was refused with. */
async function probe(path: string, epoch: number): Promise<string> {
  const script = fileURLToPath(new URL('./lock-holder.js', import.meta.url));
  const child = spawn(process.execPath, [script, path, String(epoch)], { stdio: ['ignore', 'pipe', 'inherit'] });
  const said = await new Promise<string>((resolve) => child.stdout.once('data', (data) => resolve(String(data))));
  child.kill('SIGKILL');
  await new Promise((resolve) => child.once('close', resolve));
  return said;
}

async function volume(): Promise<{ readonly path: string } & Disposable> {
  const directory = temporaryDirectory();
  await createVolume(directory.path, identity);
  return directory;
}

describe('storage lock', () => {
  it('a second process is refused while the first lives, and let in when it is killed', async () => {
    using directory = await volume();
    const child = await owner(directory.path, 1);
    await refused(open(directory.path, 2), 'locked');
    await refused(open(directory.path, 2, { lockWaitMs: 50 }), 'locked');
    const waiting = open(directory.path, 2, { lockWaitMs: 10_000 });
    child.kill('SIGKILL');
    const begun = performance.now();
    const store = await waiting;
    assert(performance.now() - begun < 2_000, 'let in too late');
    await store.close();
  });

  it('nothing the owner does loses it', async () => {
    using directory = await volume();
    const { path } = directory;
    const store = await open(path, 1);
    await store.ensureAccount(context, { accountId: 'a', email: 'a@x', partnerId: 'p', quotaBytes: 0 });
    const message = await store.stage(Buffer.from('Subject: x\r\n\r\nx'));
    await store.append(context, { accountId: 'a', mailboxId: 1 }, [{ message, keywords: [], internalDate: 0 }]);
    assert.equal(await probe(path, 2), 'locked');
    // The log is a file of its own: opening and closing it, as we do to sync it, is no matter to the index's locks.
    const wal = await nodeFiles.open(join(path, 'index.db-wal'), 'update');
    await wal.sync();
    await wal.close();
    assert.equal(await probe(path, 2), 'locked');
    // Nor are refused openers in the owner's own process.
    await refused(open(path, 2), 'locked');
    assert.equal(await probe(path, 2), 'locked');
    await store.close();
    assert.equal(await probe(path, 2), 'open');
  });

  it('waits no longer than its signal allows', async () => {
    using directory = await volume();
    const store = await open(directory.path, 1);
    const stop = new AbortController();
    const waiting = open(directory.path, 2, { lockWaitMs: 60_000, signal: stop.signal });
    stop.abort();
    await refused(waiting, 'aborted');
    await store.close();
  });

  it('an epoch that is over is refused, the same one may come again', async () => {
    using directory = await volume();
    for (const [epoch, code] of [
      [5, undefined],
      [5, undefined],
      [4, 'staleEpoch'],
      [6, undefined],
      [5, 'staleEpoch'],
    ] as const) {
      if (code) await refused(open(directory.path, epoch), code);
      else await (await open(directory.path, epoch)).close();
    }
  });

  it('an epoch kept in the database of the lock, as it was formerly, counts', async () => {
    using directory = await volume();
    const database = new DatabaseSync(join(directory.path, 'owner.db'));
    database.exec('CREATE TABLE owner (epoch INTEGER NOT NULL) STRICT; INSERT INTO owner VALUES (7)');
    database.close();
    await refused(open(directory.path, 6), 'staleEpoch');
    await (await open(directory.path, 8)).close();
    await refused(open(directory.path, 7), 'staleEpoch');
  });

  it('the mount’s locks can be proved, leaving nothing behind', async () => {
    using directory = temporaryDirectory();
    await proveLocks(directory.path);
    assert.deepEqual(readdirSync(directory.path), []);
    await assert.rejects(proveLocks(join(directory.path, 'nowhere')));
  });
});

describe('identity', () => {
  it('an empty directory is not made a volume by opening it', async () => {
    using directory = temporaryDirectory();
    await refused(open(directory.path, 1), 'notAVolume');
    assert.deepEqual(readdirSync(directory.path), []);
    await refused(open(join(directory.path, 'missing'), 1), 'notAVolume');
  });

  for (const [what, other, code] of [
    ['another volume', { volumeId: 'w', clusterId: 'c' }, 'otherVolume'],
    ['another cluster', { volumeId: 'v', clusterId: 'd' }, 'otherCluster'],
  ] as const) {
    it(`the directory of ${what} is refused and left alone`, async () => {
      using directory = await volume();
      await refused(open(directory.path, 1, other), code);
      await assert.rejects(
        createVolume(directory.path, other),
        (error) => error instanceof VolumeOpenError && error.code === code,
      );
      assert.equal(existsSync(join(directory.path, 'owner.db')), false);
      await createVolume(directory.path, identity);
      await (await open(directory.path, 1)).close();
    });
  }

  for (const content of ['', '{', '[]', 'null', '{"format":1}', '{"format":2,"volumeId":"v","clusterId":"c"}'])
    it(`volume.json of ${JSON.stringify(content)} is refused`, async () => {
      using directory = await volume();
      writeFileSync(join(directory.path, 'volume.json'), content);
      await refused(open(directory.path, 1), 'formatUnknown');
    });
});

describe('opening', () => {
  it('tells its steps in order', async () => {
    using directory = await volume();
    const steps: string[] = [];
    const store = await open(directory.path, 1, { onStep: (step, ms) => steps.push(ms >= 0 ? step : 'negative') });
    assert.deepEqual(steps, ['identity', 'lock', 'index', 'recovery']);
    await store.close();
  });
});
