import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { percentile } from '../rounds.ts';
import { type DiskReport, fullDisk, slowDisk, whyNoLoopDisk } from './disk-faults.ts';
import { whyNoSlowDisk } from './slow-disk.ts';

const SYNC_MS = 5_000;
/** A delivery is three syncs, and the others' commits wait their turn. */
const FAULT_MS = 18_000;

function assertOthersWell(report: DiskReport): void {
  assert.deepEqual(report.othersRefusals, [], 'mail to another volume was refused');
  assert.ok(report.others > 50, `only ${report.others} messages to another volume`);
  assert.ok(percentile(report.othersTookMs, 0.5) < 1_000, 'mail to another volume was slow');
  assert.deepEqual([report.missing, report.altered, report.doubled], [[], [], []]);
  assert.deepEqual([report.during, report.after], [report.before, report.before], 'a volume changed hands');
}

describe('one volume’s disk', () => {
  it(`takes ${SYNC_MS / 1_000} s for each sync: its mail is late, nothing is lost, nobody is taken over`, async (t) => {
    const why = whyNoSlowDisk();
    if (why !== undefined) return t.skip(why);
    const report = await slowDisk(SYNC_MS, FAULT_MS);
    assertOthersWell(report);
    assert.deepEqual(report.refusals, []);
    assert.ok(report.acknowledged > 0);
    assert.ok(Math.max(...report.tookMs) > SYNC_MS);
  });

  it('does not answer for 10 s: mail waits, nothing is lost, nobody is taken over', async (t) => {
    const why = whyNoSlowDisk();
    if (why !== undefined) return t.skip(why);
    const report = await slowDisk(null, 10_000);
    assertOthersWell(report);
    assert.ok(report.acknowledged > 0, 'nothing was taken once it answered');
  });

  it('is full: mail is refused for now, nothing is lost, and it is taken again when there is room', async (t) => {
    const why = whyNoLoopDisk();
    if (why !== undefined) return t.skip(why);
    const report = await fullDisk(6_000);
    assertOthersWell(report);
    assert.ok(report.refusals.length > 0, 'nothing was refused');
    for (const refusal of report.refusals) assert.match(refusal, /got: 4[35]2/);
    assert.match(report.append, /^NO \[(OVERQUOTA|UNAVAILABLE)\]/);
    assert.ok(report.acknowledged > 0, 'nothing was taken once there was room');
  });
});
