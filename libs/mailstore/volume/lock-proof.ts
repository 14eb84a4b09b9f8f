import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { VolumeOpenError } from './errors.ts';
import { tryExclusive } from './lock.ts';

/** Exit codes of `lock-probe.ts`. */
export const PROBE_ADMITTED = 10;
export const PROBE_REFUSED = 11;

/**
 * Proves that the mount keeps locks: while this process holds one, a child process must be refused, and admitted once it is
 * released. Run before a directory is made a volume. Rejects `VolumeOpenError('locksUnreliable')`, or with the storage's own error.
 */
export async function proveLocks(path: string): Promise<void> {
  const file = join(path, `lock-proof-${randomUUID()}.db`);
  try {
    const held = tryExclusive(file);
    if (!held) throw new VolumeOpenError('locksUnreliable', `${path}: a lock nobody holds was refused`);
    try {
      held.exec('CREATE TABLE proof (x INTEGER); COMMIT');
      await expectProbe(file, PROBE_REFUSED, `${path}: a second process was let in beside the lock's holder`);
    } finally {
      held.close();
    }
    await expectProbe(file, PROBE_ADMITTED, `${path}: a lock that was released was still refused`);
  } finally {
    await Promise.all(['', '-journal', '-wal'].map((suffix) => rm(file + suffix, { force: true })));
  }
}

async function expectProbe(file: string, wanted: number, complaint: string): Promise<void> {
  const script = fileURLToPath(new URL('./lock-probe.js', import.meta.url));
  const child = spawn(process.execPath, [script, file], { stdio: ['ignore', 'ignore', 'pipe'] });
  const errors: Buffer[] = [];
  child.stderr.on('data', (chunk: Buffer) => errors.push(chunk));
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  if (code === wanted) return;
  if (code === PROBE_ADMITTED || code === PROBE_REFUSED) throw new VolumeOpenError('locksUnreliable', complaint);
  throw new Error(`lock probe ended with ${code}: ${Buffer.concat(errors).toString().slice(0, 500)}`);
}
