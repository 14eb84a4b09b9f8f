import assert from 'node:assert/strict';
import { readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { MailStoreError } from '#mailstore/api';
import { collect } from '#stdx';
import { until } from '#testing';
import { restoreVolume } from '../backup/restore-volume.ts';
import { assertSound } from '../crash/soundness.ts';
import { defaultVolumeSettings } from '../settings.ts';
import { blobOf, bytesOf, ColdBed, context, DAY_MS, numbers, openCold, ref, wholeOf } from './testbed.test.ts';

const isCorrupt = (error: unknown): boolean => error instanceof MailStoreError && error.code === 'corrupt';
const isUnavailable = (error: unknown): boolean => error instanceof MailStoreError && error.code === 'bytesUnavailable';

/** `first` to `last` on cold storage, in one object. */
async function frozen(first: number, last: number): Promise<ColdBed> {
  const bed = await ColdBed.open();
  await bed.append(first, last);
  await bed.reopen({ settings: { coldSegmentBytes: 1e7 } });
  await bed.store.tiering.run();
  assert.equal(bed.cold.length, 1);
  return bed;
}

/** Changes a byte in the middle of a message of the only object, one that does not compress. */
function damage(bed: ColdBed, n: number): void {
  const path = join(bed.coldPath, bed.cold[0] ?? '');
  const object = readFileSync(path);
  const at = object.indexOf(bytesOf(n).subarray(-500)) + 250;
  assert(at > 250, 'not found');
  object.writeUInt8(object.readUInt8(at) ^ 1, at);
  writeFileSync(path, object);
}

const scrubbed = (bed: ColdBed, damagedBlobs: number): Promise<true> =>
  until('the scrub', async () => {
    await bed.clock.advance(defaultVolumeSettings.upkeepIntervalMs);
    return bed.store.health().upkeep.damagedBlobs === damagedBlobs;
  });

describe('cold segments', () => {
  it('over half dead are emptied into new ones; dead ones go', async () => {
    await using bed = await frozen(1, 9);
    const path = join(bed.coldPath, bed.cold[0] ?? '');
    const before = statSync(path).size;
    await bed.remove(1, 2, 3);
    await bed.store.tiering.run();
    assert.equal(bed.store.health().upkeep.compactedColdSegments, 0);
    await bed.remove(4, 5, 6);
    await bed.store.tiering.run();
    assert.equal(bed.store.health().upkeep.compactedColdSegments, 1);
    assert.equal(bed.cold.length, 1);
    assert(statSync(join(bed.coldPath, bed.cold[0] ?? '')).size < before / 2);
    assert.deepEqual(await bed.whole(), [7, 8, 9]);
    await bed.remove(7, 8, 9);
    await bed.store.tiering.run();
    assert.deepEqual([bed.cold, bed.store.tiering.status().coldSegments], [[], 0]);
  });

  it('wait for who is reading them', async () => {
    await using bed = await frozen(10, 10);
    const reading = bed.store.read(await blobOf(bed.store, 10))[Symbol.asyncIterator]();
    await reading.next();
    await bed.remove(1);
    await bed.store.tiering.run();
    assert.equal(bed.cold.length, 1);
    await reading.return?.();
    await bed.store.tiering.run();
    assert.deepEqual(bed.cold, []);
  });

  it('keep a damaged record where it is, and say so to who reads it', async () => {
    await using bed = await frozen(1, 6);
    damage(bed, 2);
    await bed.remove(1, 3, 4, 5);
    await bed.store.tiering.run();
    assert.equal(bed.cold.length, 2);
    await assert.rejects(collect(bed.store.read(await blobOf(bed.store, 2)), 1e6), isCorrupt);
    assert((await collect(bed.store.read(await blobOf(bed.store, 6)), 1e6)).equals(bytesOf(6)));
    await bed.remove(2);
    await bed.store.tiering.run();
    assert.equal(bed.cold.length, 1);
  });

  it('are read again by the scrub; a backup repairs what is damaged', async () => {
    await using bed = await frozen(1, 6);
    const { damaged, copiedBytes } = await bed.store.backup.createBackup(bed.backups);
    assert.deepEqual([damaged, copiedBytes > 0], [[], true]);
    damage(bed, 4);
    await bed.reopen({ settings: { coldScrubIntervalMs: DAY_MS } });
    const { upkeep } = bed.store.health();
    assert.equal(upkeep.damagedBlobs, 0);
    await bed.clock.advance(2 * DAY_MS);
    await scrubbed(bed, 1);
    await assert.rejects(bed.whole(), isCorrupt);
    assert.deepEqual(await bed.store.backup.repair(bed.backups), { repaired: 1, left: 0 });
    assert.deepEqual(await bed.whole(), numbers(1, 6));
    // It is hot now, and goes again.
    await bed.reopen();
    await bed.store.tiering.run();
    assert.equal(bed.store.tiering.status().movedMessages, 1);
    assert.deepEqual(await bed.whole(), numbers(1, 6));
  });

  it('whose object is gone are damage, not a matter of waiting', async () => {
    await using bed = await frozen(1, 3);
    await bed.store.backup.createBackup(bed.backups);
    rmSync(join(bed.coldPath, bed.cold[0] ?? ''));
    await assert.rejects(bed.whole(), isCorrupt);
    await bed.reopen({ settings: { coldScrubIntervalMs: DAY_MS } });
    await bed.clock.advance(2 * DAY_MS);
    await scrubbed(bed, 3);
    assert.deepEqual(await bed.store.backup.repair(bed.backups), { repaired: 3, left: 0 });
    assert.deepEqual(await bed.whole(), numbers(1, 3));
  });
});

describe('backup, restore and moves', () => {
  it('a backup holds cold mail, copies it once, and gives back accounts and messages of it', async () => {
    await using bed = await frozen(1, 10);
    await bed.append(11, 12, 1);
    const first = await bed.store.backup.createBackup(bed.backups);
    await bed.append(13, 13, 1);
    // In another second, and with nobody reading: an object that is read is not removed.
    await bed.textsIndexed(13);
    const { name, copiedBytes } = await bed.store.backup.createBackup(bed.backups);
    assert(copiedBytes < 3_000 && first.copiedBytes > 600_000, `${first.copiedBytes}, then ${copiedBytes}`);
    await bed.remove(...numbers(1, 13));
    await bed.store.tiering.run();
    assert.deepEqual(bed.cold, []);
    const from = { directory: bed.backups, name };
    const found = await bed.store.backup.restoreMessages(context, from, { accountId: 'a', mailbox: 'INBOX' });
    assert.deepEqual(found, { restored: 13, present: 0 });
    assert.deepEqual(await bed.whole(), numbers(1, 13));
    const as = { accountId: 'again', email: 'again@x' };
    await bed.store.backup.restoreAccount(context, from, 'a', as);
    assert.deepEqual(await bed.whole(bed.store, 'again'), numbers(1, 13));
  });

  it('a volume restored needs no cold storage, and moves what is old again', async () => {
    await using bed = await frozen(1, 10);
    await bed.append(11, 12, 1);
    const { name } = await bed.store.backup.createBackup(bed.backups);
    const path = join(bed.path, '..', 'restored');
    await restoreVolume({ directory: bed.backups, volumeId: 'v', name }, path, bed.clock.now());
    const { clock, storage } = bed;
    const alone = await openCold({ path, epoch: 7, clock });
    assert.deepEqual(await wholeOf(alone), numbers(1, 12));
    await alone.close();
    assertSound(path);
    const before = bed.cold;
    const again = await openCold({ path, epoch: 8, clock, storage });
    await again.tiering.run();
    assert.equal(again.tiering.status().movedMessages, 10);
    assert.deepEqual(await wholeOf(again), numbers(1, 12));
    await again.close();
    assertSound(path);
    // What the volume had there before is nobody's to remove but an operator's.
    assert(before.every((each) => bed.cold.includes(each)));
    assert.deepEqual(await bed.whole(), numbers(1, 12));
  });

  it('no backup is made while cold storage that it needs is away', async () => {
    await using bed = await frozen(1, 3);
    bed.storage.away = true;
    await assert.rejects(bed.store.backup.createBackup(bed.backups), isUnavailable);
    bed.storage.away = false;
    await bed.store.backup.createBackup(bed.backups);
    assert.equal((await bed.store.backup.listBackups(bed.backups)).length, 1);
    assert.deepEqual(
      readdirSync(join(bed.backups, 'v', 'segments')).filter((each) => each.endsWith('.new')),
      [],
    );
  });

  it('nothing a backup needs is removed while it is made', async () => {
    await using bed = await frozen(1, 9);
    let removed = false;
    bed.storage.step = async () => {
      if (removed || !bed.storage.asked.at(-1)?.startsWith('read')) return;
      removed = true;
      bed.storage.step = async () => {};
      await bed.remove(...numbers(1, 9));
      await bed.store.tiering.run();
      assert.equal(bed.cold.length, 1);
    };
    const { damaged, name } = await bed.store.backup.createBackup(bed.backups);
    assert.deepEqual([removed, damaged], [true, []]);
    await bed.store.tiering.run();
    assert.deepEqual(bed.cold, []);
    await bed.store.backup.restoreMessages(
      context,
      { directory: bed.backups, name },
      { accountId: 'a', mailbox: 'INBOX' },
    );
    assert.deepEqual(await bed.whole(), numbers(1, 9));
  });

  it('an account moves with its cold mail, which keeps its age', async () => {
    await using bed = await frozen(1, 10);
    const stream = await collect(bed.store.transfer.exportAccount(context, 'a'), 1e8);
    await using other = await ColdBed.open();
    await other.store.removeAccount(context, 'a');
    await other.store.transfer.importAccount(
      context,
      (async function* () {
        yield stream;
      })(),
    );
    await other.store.transfer.admitAccount(context, 'a');
    assert.deepEqual(await other.whole(), numbers(1, 10));
    await other.reopen();
    await other.store.tiering.run();
    assert.equal(other.store.tiering.status().movedMessages, 10);
    assert.deepEqual(await other.whole(), numbers(1, 10));
  });

  it('what was deleted comes back from cold storage', async () => {
    await using bed = await ColdBed.open();
    await bed.append(1, 4);
    await bed.reopen();
    await bed.store.tiering.run();
    await bed.store.copy(context, ref, [{ first: 1, last: 4 }], 1);
    await bed.remove(1, 2);
    assert.deepEqual(await bed.whole(), [1, 2, 3, 3, 4, 4]);
  });
});
