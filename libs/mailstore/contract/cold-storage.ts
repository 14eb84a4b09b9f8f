import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type ColdStorage, ColdStorageError, type ColdStorageErrorCode } from '#mailstore/api';
import { seededRandom } from '#stdx';

export interface OpenColdStorage {
  readonly storage: ColdStorage;
  dispose(): Promise<void>;
}

const refuses = (work: Promise<unknown>, code: ColdStorageErrorCode): Promise<void> =>
  assert.rejects(work, (error: unknown) => error instanceof ColdStorageError && error.code === code);

/** What every cold storage keeps. `open`: an empty one, not yet prepared. */
export function coldStorageContract(name: string, open: () => Promise<OpenColdStorage>): void {
  const withStorage = async (use: (storage: ColdStorage) => Promise<void>): Promise<void> => {
    const { storage, dispose } = await open();
    try {
      await storage.prepare();
      await use(storage);
    } finally {
      await dispose();
    }
  };
  const bytes = seededRandom(1).bytes(3_000_000);

  describe(`cold storage: ${name}`, () => {
    it('gives back what was put, and any part of it', () =>
      withStorage(async (storage) => {
        await storage.put('v/1-1.cold', bytes);
        assert((await storage.read('v/1-1.cold', 0, bytes.length)).equals(bytes));
        for (const [start, end] of [
          [0, 1],
          [bytes.length - 1, bytes.length],
          [1_000, 2_000_000],
        ] as const)
          assert((await storage.read('v/1-1.cold', start, end)).equals(bytes.subarray(start, end)), `${start}-${end}`);
      }));

    it('keeps what is there when its name is put again', () =>
      withStorage(async (storage) => {
        await storage.put('v/1-1.cold', bytes.subarray(0, 1_000));
        await refuses(storage.put('v/1-1.cold', bytes.subarray(1_000, 3_000)), 'exists');
        assert((await storage.read('v/1-1.cold', 0, 1_000)).equals(bytes.subarray(0, 1_000)));
        await refuses(storage.read('v/1-1.cold', 0, 1_001), 'damaged');
      }));

    it('knows volumes and objects apart', () =>
      withStorage(async (storage) => {
        const names = ['v/1-1.cold', 'v/1-11.cold', 'w/1-1.cold', '0d9f7a52-5b1e-4a52-9f0e-1c6d3a9d7f10/12-345.cold'];
        await Promise.all(names.map((each, i) => storage.put(each, bytes.subarray(i, i + 100))));
        for (const [i, each] of names.entries())
          assert((await storage.read(each, 0, 100)).equals(bytes.subarray(i, i + 100)), each);
      }));

    it('says so when there is no such object, or when it ends before', () =>
      withStorage(async (storage) => {
        await refuses(storage.read('v/9-9.cold', 0, 10), 'notFound');
        await storage.put('v/1-1.cold', bytes.subarray(0, 100));
        await refuses(storage.read('v/1-1.cold', 50, 101), 'damaged');
        await refuses(storage.read('v/1-1.cold', 100, 101), 'damaged');
      }));

    it('removes, and minds nothing that is gone already', () =>
      withStorage(async (storage) => {
        await storage.put('v/1-1.cold', bytes.subarray(0, 100));
        await storage.remove('v/1-1.cold');
        await storage.remove('v/1-1.cold');
        await storage.remove('w/7-7.cold');
        await refuses(storage.read('v/1-1.cold', 0, 100), 'notFound');
        await storage.put('v/1-1.cold', bytes.subarray(0, 100));
      }));

    it('takes many at a time', () =>
      withStorage(async (storage) => {
        const many = Array.from({ length: 40 }, (_, i) => i);
        await Promise.all(many.map((i) => storage.put(`v/2-${i}.cold`, bytes.subarray(i, i + 50_000))));
        const read = await Promise.all(many.map((i) => storage.read(`v/2-${i}.cold`, 10, 20_010)));
        for (const i of many) assert(read[i]?.equals(bytes.subarray(i + 10, i + 20_010)), `${i}`);
      }));

    it('may be prepared again, and keeps what is there', () =>
      withStorage(async (storage) => {
        await storage.put('v/1-1.cold', bytes.subarray(0, 100));
        await storage.prepare();
        assert((await storage.read('v/1-1.cold', 0, 100)).equals(bytes.subarray(0, 100)));
      }));
  });
}
