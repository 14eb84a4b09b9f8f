import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { it } from 'node:test';
import { systemClock } from '#stdx';
import { temporaryDirectory, until } from '#testing';
import { StorageWatch } from './storage-watch.ts';

const mount = (...args: string[]): void => {
  const { status, stderr } = spawnSync('mount', args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`mount ${args.join(' ')}: ${stderr}`);
};
const skip = process.getuid?.() === 0 ? false : 'needs root: a file system of its own';

it('sees how full a file system is, and when it takes no writes', { skip }, async () => {
  using directory = temporaryDirectory();
  const { path } = directory;
  mount('-t', 'tmpfs', '-o', 'size=64m', 'rookery-test', path);
  let told = 0;
  const watch = new StorageWatch(path, systemClock, 20, () => void told++);
  try {
    const state = await until('a look', () => watch.state);
    assert.deepEqual([state.diskBytes, state.trouble], [64 << 20, null]);
    writeFileSync(join(path, 'big'), Buffer.alloc(56 << 20));
    await until('it to be full', () => watch.state?.trouble === 'full');
    assert.ok((watch.state?.diskFreeBytes ?? 0) <= 8 << 20);
    writeFileSync(join(path, 'big'), '');
    await until('room', () => watch.state?.trouble === null);
    mount('-o', 'remount,ro', path);
    await until('it to be read-only', () => watch.state?.trouble === 'readOnly');
    mount('-o', 'remount,rw', path);
    await until('it to be whole', () => watch.state?.trouble === null);
    assert.equal(told, 4);
  } finally {
    watch.stop();
    spawnSync('umount', ['-l', path]);
  }
});
