import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { ColdStorageError } from '#mailstore/api';
import { coldStorageContract } from '#mailstore/contract';
import { systemClock, Turns } from '#stdx';
import { SimulatedClock, temporaryDirectory } from '#testing';
import { DirectoryColdStorage } from './directory-cold-storage.ts';

const options = { clock: systemClock, turns: new Turns(2), timeoutMs: 10_000 };
const isAway = (error: unknown): boolean => error instanceof ColdStorageError && error.code === 'away';

coldStorageContract('a directory', async () => {
  const directory = temporaryDirectory();
  const storage = new DirectoryColdStorage(join(directory.path, 'cold'), options);
  return { storage, dispose: async () => directory[Symbol.dispose]() };
});

describe('a directory as cold storage', () => {
  it('without its mark is a mount that failed: nothing is missing, nothing is written', async () => {
    using directory = temporaryDirectory();
    const root = join(directory.path, 'cold');
    mkdirSync(root);
    const storage = new DirectoryColdStorage(root, options);
    await assert.rejects(storage.read('v/1-1.cold', 0, 1), isAway);
    await assert.rejects(storage.put('v/1-1.cold', Buffer.from('x')), isAway);
    await assert.rejects(storage.remove('v/1-1.cold'), isAway);
    await storage.prepare();
    await storage.put('v/1-1.cold', Buffer.from('x'));
    rmSync(root, { recursive: true });
    await assert.rejects(storage.read('v/1-1.cold', 0, 1), isAway);
  });

  it('that hangs is given up on, and what waits behind it too', async () => {
    using directory = temporaryDirectory();
    const clock = new SimulatedClock();
    const turns = new Turns(1);
    const storage = new DirectoryColdStorage(directory.path, { clock, turns, timeoutMs: 1_000 });
    let letGo = (): void => {};
    // As a read of a dead mount does: the turn is held until the system gives it back.
    const hanging = turns.take(() => new Promise<void>((resolve) => (letGo = resolve)));
    const refused = [storage.prepare(), storage.read('v/1-1.cold', 0, 1)].map((work) => assert.rejects(work, isAway));
    await clock.advance(1_000);
    await Promise.all(refused);
    letGo();
    await hanging;
    await storage.prepare();
  });

  it('that may not be written to is refused', {
    skip: process.getuid?.() === 0 && 'root may write anywhere',
  }, async () => {
    using directory = temporaryDirectory();
    const storage = new DirectoryColdStorage(directory.path, options);
    await storage.prepare();
    chmodSync(directory.path, 0o500);
    const isRefused = (error: unknown): boolean => error instanceof ColdStorageError && error.code === 'refused';
    await assert.rejects(storage.put('v/1-1.cold', Buffer.from('x')), isRefused);
    chmodSync(directory.path, 0o700);
  });

  it('with a file in the way says what it met', async () => {
    using directory = temporaryDirectory();
    const storage = new DirectoryColdStorage(directory.path, options);
    await storage.prepare();
    writeFileSync(join(directory.path, 'v'), '');
    await assert.rejects(storage.put('v/1-1.cold', Buffer.from('x')), ColdStorageError);
  });
});
