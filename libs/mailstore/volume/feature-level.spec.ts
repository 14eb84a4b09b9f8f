import assert from 'node:assert/strict';
import { DatabaseSync } from 'node:sqlite';
import { it } from 'node:test';
import { messageParser } from '#protocol/message';
import { RELEASE, silentLogger, systemClock } from '#stdx';
import { temporaryDirectory } from '#testing';
import { VolumeOpenError } from './errors.ts';
import { createVolume, indexPath } from './identity.ts';
import { openVolume } from './open-volume.ts';
import { openIndex, STEPS, stepsAt } from './schema.ts';

const identity = { volumeId: 'v', clusterId: 'c' };
const CACHE_BYTES = 1_000_000;

const open = (path: string, epoch: number, featureLevel: number) =>
  openVolume({
    ...{ path, ...identity, epoch, featureLevel, clock: systemClock, logger: silentLogger },
    parse: () => messageParser(),
  });

function versionOf(path: string): number {
  const index = new DatabaseSync(indexPath(path));
  const row = index.prepare('PRAGMA user_version').get() as { user_version: number };
  index.close();
  return row.user_version;
}

it('an index goes as far as the cluster’s level allows, and never back', async () => {
  using directory = temporaryDirectory();
  const { path } = directory;
  await createVolume(path, identity);
  openIndex(indexPath(path), CACHE_BYTES, STEPS.length - 1).close();
  assert.equal(versionOf(path), STEPS.length - 1);
  openIndex(indexPath(path), CACHE_BYTES).close();
  assert.equal(versionOf(path), STEPS.length);
  openIndex(indexPath(path), CACHE_BYTES, STEPS.length - 1).close();
  assert.equal(versionOf(path), STEPS.length);
});

it('every level this release works in has its steps, the newest all of them', async () => {
  const { oldest, newest } = RELEASE.features;
  assert.equal(stepsAt(newest), STEPS.length);
  for (let level = oldest; level < newest; level++) assert.ok(stepsAt(level) <= stepsAt(level + 1));
  using directory = temporaryDirectory();
  await createVolume(directory.path, identity);
  await (await open(directory.path, 1, oldest)).close();
  assert.equal(versionOf(directory.path), stepsAt(oldest));
});

it('a format from a newer release is refused, and stays untouched', async () => {
  using directory = temporaryDirectory();
  const { path } = directory;
  await createVolume(path, identity);
  await (await open(path, 1, 1)).close();
  const index = new DatabaseSync(indexPath(path));
  index.exec(`PRAGMA user_version = ${STEPS.length + 1}`);
  index.close();
  await assert.rejects(open(path, 2, 1), (error: unknown) => {
    assert.ok(error instanceof VolumeOpenError);
    assert.equal(error.code, 'formatUnknown');
    assert.match(error.message, /from a newer release; this one knows up to \d+/);
    return true;
  });
  assert.equal(versionOf(path), STEPS.length + 1);
});
