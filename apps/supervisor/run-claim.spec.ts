import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { systemClock } from '#stdx';
import { temporaryDirectory } from '#testing';
import { RunClaim } from './run-claim.ts';

const take = (directory: string) => RunClaim.take(directory, systemClock, () => {});

/** A living process whose command line names the supervisor. */
function livingSupervisor() {
  const child = spawn(process.execPath, ['-e', 'setTimeout(() => {}, 60_000)', 'supervisor'], { stdio: 'ignore' });
  return { pid: child.pid ?? 0, end: () => child.kill('SIGKILL'), [Symbol.dispose]: () => child.kill('SIGKILL') };
}

describe('the claim on a data directory', () => {
  it('is taken, and given back', async () => {
    using directory = temporaryDirectory();
    const claim = await take(directory.path);
    claim.release();
    assert.equal(existsSync(join(directory.path, 'run.json')), false);
  });

  it('refuses a second run, by name of the first', async () => {
    using directory = temporaryDirectory();
    using other = livingSupervisor();
    writeFileSync(join(directory.path, 'run.json'), JSON.stringify({ pid: other.pid, stopping: false }));
    await assert.rejects(take(directory.path), new RegExp(`already runs .* \\(pid ${other.pid}\\)`));
  });

  it('waits for a run that is stopping', async () => {
    using directory = temporaryDirectory();
    using other = livingSupervisor();
    writeFileSync(join(directory.path, 'run.json'), JSON.stringify({ pid: other.pid, stopping: true }));
    setTimeout(() => other.end(), 300);
    (await take(directory.path)).release();
  });

  it('takes over what a crash left', async () => {
    using directory = temporaryDirectory();
    const other = livingSupervisor();
    const gone = new Promise((resolve) => setTimeout(resolve, 300));
    other.end();
    await gone;
    writeFileSync(join(directory.path, 'run.json'), JSON.stringify({ pid: other.pid, stopping: false }));
    (await take(directory.path)).release();
  });
});
