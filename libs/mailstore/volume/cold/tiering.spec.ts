import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { MailStoreError, type MailStoreErrorCode } from '#mailstore/api';
import { collect } from '#stdx';
import { until } from '#testing';
import { defaultVolumeSettings } from '../settings.ts';
import { blobOf, bytesOf, ColdBed, context, DAY_MS, directoryStorage, numbers, ref, YEAR } from './testbed.test.ts';

const is = (code: MailStoreErrorCode) => (error: unknown) => error instanceof MailStoreError && error.code === code;

describe('tiering', () => {
  it('moves mail that is old enough to cold storage, where it is read as before', async () => {
    await using bed = await ColdBed.open();
    await bed.append(1, 12);
    await bed.append(13, 15, 10);
    await bed.reopen();
    assert.deepEqual([bed.hot, bed.cold], [['1-1.seg'], []]);
    await bed.store.tiering.run();
    assert(bed.cold.length > 1, 'one object for all of it');
    assert.deepEqual(await bed.whole(), numbers(1, 15));
    const { movedMessages, movedBytes, movedStoredBytes, coldBytes, hotBytes, trouble } = bed.store.tiering.status();
    assert.equal(movedMessages, 12);
    assert.equal(
      movedBytes,
      numbers(1, 12).reduce((sum, n) => sum + bytesOf(n).length, 0),
    );
    assert(movedStoredBytes < 0.6 * movedBytes, `${movedStoredBytes} of ${movedBytes}`);
    assert.deepEqual([coldBytes, trouble], [movedStoredBytes, null]);
    // The hot segment was over half dead: what is young was compacted out of it.
    await bed.clock.advance(defaultVolumeSettings.upkeepIntervalMs);
    await until('the old segment to go', () => !bed.hot.includes('1-1.seg'));
    assert(bed.store.tiering.status().hotBytes < hotBytes);
    await bed.reopen();
    assert.deepEqual(await bed.whole(), numbers(1, 15));
    await bed.store.tiering.run();
    assert.equal(bed.store.tiering.status().movedMessages, 0);
  });

  it('goes by size as well, and by each message alone', async () => {
    await using bed = await ColdBed.open();
    await bed.append(1, 10, 100);
    await bed.append(11, 11, 400);
    await bed.reopen({
      rules: [
        { afterMs: 365 * DAY_MS, minBytes: 0 },
        { afterMs: 90 * DAY_MS, minBytes: 100_000 },
      ],
    });
    await bed.store.tiering.run();
    assert.equal(bed.store.tiering.status().movedMessages, 2);
    bed.storage.away = true;
    const reads = (n: number): Promise<Buffer> => blobOf(bed.store, n).then((id) => collect(bed.store.read(id), 1e7));
    for (const n of numbers(1, 9)) await reads(n);
    for (const n of [10, 11]) await assert.rejects(reads(n), is('bytesUnavailable'));
  });

  it('comes back to a segment when its next message is old enough, by itself', async () => {
    await using bed = await ColdBed.open();
    await bed.append(1, 3, 364);
    await bed.append(4, 5, 300);
    await bed.reopen();
    const moved = (): number => bed.store.health().upkeep.tieredMessages;
    await bed.store.tiering.run();
    assert.deepEqual([moved(), bed.store.tiering.status().dueSegments], [0, 0]);
    await bed.clock.advance(2 * DAY_MS);
    await until('three to move', () => moved() === 3);
    await bed.clock.advance(70 * DAY_MS);
    await until('five to have moved', () => moved() === 5);
    assert.deepEqual(await bed.whole(), numbers(1, 5));
  });

  it('looks at everything anew when the rules change, and at nothing without any', async () => {
    await using bed = await ColdBed.open();
    await bed.append(1, 5, 100);
    await bed.reopen();
    await bed.store.tiering.run();
    assert.equal(bed.store.tiering.status().movedMessages, 0);
    bed.store.tiering.use(bed.storage, [{ afterMs: 50 * DAY_MS, minBytes: 0 }]);
    await bed.store.tiering.run();
    assert.equal(bed.store.tiering.status().movedMessages, 5);
    bed.store.tiering.use(bed.storage, []);
    await bed.append(6, 6, 1_000);
    await bed.reopen({ rules: [] });
    await bed.store.tiering.run();
    assert.equal(bed.store.tiering.status().movedMessages, 0);
    assert.deepEqual(await bed.whole(), numbers(1, 6));
  });

  it('without cold storage says so, and what is cold already is not here now', async () => {
    await using bed = await ColdBed.open();
    await bed.append(1, 3);
    await bed.reopen();
    await bed.store.tiering.run();
    await bed.reopen({ storage: undefined });
    await assert.rejects(bed.store.tiering.run(), is('unavailable'));
    assert.equal(bed.store.tiering.status().storage, null);
    await assert.rejects(bed.whole(), is('bytesUnavailable'));
    await bed.append(4, 4);
    // Other storage than what is cold already is on would hide it; the same, given while the volume works, is used at once.
    const other = directoryStorage(`${bed.coldPath}-2`, 'other');
    await other.prepare();
    assert.throws(() => bed.store.tiering.use(other, []), is('modified'));
    await bed.reopen();
    assert.deepEqual(await bed.whole(), numbers(1, 4));
  });

  it('may be given cold storage while it works', async () => {
    await using bed = await ColdBed.open();
    await bed.append(1, 3);
    await bed.reopen({ storage: undefined });
    bed.store.tiering.use(bed.storage, YEAR);
    await bed.store.tiering.run();
    assert.equal(bed.store.tiering.status().movedMessages, 3);
    assert.deepEqual(await bed.whole(), numbers(1, 3));
    await bed.store.backup.createBackup(bed.backups);
  });

  it('shared bytes go once, and one that keeps them keeps them', async () => {
    await using bed = await ColdBed.open();
    await bed.store.ensureAccount(context, { accountId: 'b', email: 'b@x', partnerId: 'q', quotaBytes: 0 });
    await bed.append(1, 4);
    await bed.append(1, 4, 400, 'b');
    await bed.reopen();
    await bed.store.tiering.run();
    assert.equal(bed.store.tiering.status().movedMessages, 4);
    await bed.store.removeAccount(context, 'b');
    assert.deepEqual(await bed.whole(), numbers(1, 4));
    // Stored again, it is where it is.
    await bed.append(2, 2, 0);
    assert.deepEqual(await bed.whole(), [1, 2, 2, 3, 4]);
  });

  it('says how much of a partner’s mail is cold', async () => {
    await using bed = await ColdBed.open();
    await bed.store.ensureAccount(context, { accountId: 'b', email: 'b@x', partnerId: 'q', quotaBytes: 0 });
    await bed.append(1, 4);
    await bed.append(5, 6, 10);
    await bed.append(4, 5, 10, 'b');
    await bed.reopen();
    await bed.store.tiering.run();
    const sum = (...which: number[]): number => which.reduce((total, n) => total + bytesOf(n).length, 0);
    const expected = [
      { partnerId: 'p', bytes: sum(1, 2, 3, 4, 5, 6), coldBytes: sum(1, 2, 3, 4) },
      { partnerId: 'q', bytes: sum(4, 5), coldBytes: sum(4) },
    ];
    assert.deepEqual(await bed.store.usageBytes(), expected);
    await bed.reopen({ settings: { coldCountIntervalMs: 3_600_000 } });
    assert.deepEqual(await bed.store.usageBytes(), expected);
    await bed.remove(1, 2, 3, 5, 6);
    const [first] = await bed.store.usageBytes();
    assert.deepEqual(first, { partnerId: 'p', bytes: sum(4), coldBytes: sum(4) });
  });
});

describe('reading cold mail', () => {
  it('takes one request for most, and only the frames it needs of a large one', async () => {
    await using bed = await ColdBed.open({ coldSegmentBytes: 1e7, coldCacheBytes: 400_000 });
    await bed.append(1, 10);
    await bed.reopen({ settings: { coldSegmentBytes: 1e7, coldCacheBytes: 400_000 } });
    await bed.store.tiering.run();
    const { store, storage } = bed;
    const [small, large] = [await blobOf(store, 1), await blobOf(store, 10)];
    storage.asked = [];
    await collect(store.read(small, 10, 20), 100);
    await collect(store.read(small), 1e6);
    await collect(store.read(small, 500, 900), 1e6);
    assert.equal(storage.asked.length, 1);
    assert.equal(store.health().upkeep.coldCacheHits, 2);
    storage.asked = [];
    const whole = bytesOf(10);
    for (const [from, to] of [
      [700_000, 700_010],
      [600_000, 900_000],
      [whole.length - 5, whole.length],
      [0, 5],
    ] as const) {
      const part = await collect(store.read(large, from, to), 1e7);
      assert(part.equals(whole.subarray(from, to)), `${from}-${to}`);
    }
    const bytes = storage.asked.map((what) => Number(what.split(' ')[1])).reduce((a, b) => a + b, 0);
    assert(bytes < 1_300_000, `${bytes} bytes were asked for`);
    assert((await collect(store.read(large), 1e7)).equals(whole));
  });

  it('many at once share requests, and none waits for another’s', async () => {
    await using bed = await ColdBed.open({ coldReadsMax: 2 });
    await bed.append(1, 9);
    await bed.append(11, 12, 10);
    await bed.reopen({ settings: { coldReadsMax: 2 } });
    await bed.store.tiering.run();
    const { store, storage } = bed;
    const ids = await Promise.all(numbers(1, 9).map((n) => blobOf(store, n)));
    let release = (): void => {};
    const held = new Promise<void>((resolve) => (release = resolve));
    storage.asked = [];
    storage.step = () => held;
    const reads = [...ids, ...ids].map((id) => collect(store.read(id), 1e6));
    // All of cold storage is busy: hot mail is read and written.
    for (const n of [11, 12]) assert((await collect(store.read(await blobOf(store, n)), 1e6)).equals(bytesOf(n)));
    await bed.append(13, 13, 0);
    assert.equal(storage.asked.length, 2);
    release();
    const found = await Promise.all(reads);
    for (const [i, bytes] of found.entries()) assert(bytes.equals(bytesOf((i % 9) + 1)));
    assert.equal(storage.asked.length, 9);
  });

  it('is refused for now while cold storage is away, at once after the first; all else goes on', async () => {
    await using bed = await ColdBed.open();
    await bed.append(1, 5);
    await bed.append(6, 6, 1);
    await bed.reopen();
    await bed.store.tiering.run();
    const { store, storage, clock } = bed;
    const [cold, other] = [await blobOf(store, 1), await blobOf(store, 2)];
    storage.away = true;
    storage.asked = [];
    for (const id of [cold, other, cold]) await assert.rejects(collect(store.read(id), 1e6), is('bytesUnavailable'));
    assert.equal(storage.asked.length, 1);
    assert((await collect(store.read(await blobOf(store, 6)), 1e6)).equals(bytesOf(6)));
    await bed.append(7, 7);
    await store.setKeywords(context, ref, [{ first: 1, last: 1 }], { mode: 'add', keywords: ['$seen'] });
    await store.copy(context, ref, [{ first: 1, last: 1 }], 1);
    // Storage that is back is asked again after a while.
    storage.away = false;
    await assert.rejects(collect(store.read(cold), 1e6), is('bytesUnavailable'));
    await clock.advance(defaultVolumeSettings.coldRetryMs);
    assert.deepEqual(await bed.whole(), [1, 1, 2, 3, 4, 5, 6, 7]);
  });

  it('mail that is due waits where it is while cold storage is away', async () => {
    await using bed = await ColdBed.open();
    await bed.append(1, 5);
    await bed.reopen();
    bed.storage.away = true;
    await assert.rejects(bed.store.tiering.run(), is('bytesUnavailable'));
    const { trouble, coldBytes, dueSegments } = bed.store.tiering.status();
    assert.deepEqual([trouble, coldBytes, dueSegments], ['it does not answer', 0, 1]);
    assert.deepEqual(await bed.whole(), numbers(1, 5));
    bed.storage.away = false;
    await bed.store.tiering.run();
    assert.deepEqual([bed.store.tiering.status().trouble, bed.store.tiering.status().movedMessages], [null, 5]);
    assert.deepEqual(await bed.whole(), numbers(1, 5));
  });
});
