import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type OutageReport, postgresAway, redisAway } from './outages.ts';

/** How long the service is gone. Minutes by command: `main.js --campaign postgres-away --minutes 10`. */
const OUTAGE_MS = Number(process.env.ROOKERY_OUTAGE_MS ?? 8_000);

function assertNothingLost(report: OutageReport): void {
  assert.deepEqual(report.refusals, [], 'known users were refused');
  assert.ok(report.signIns > 0);
  assert.ok(report.acknowledged > 40, `only ${report.acknowledged} messages were acknowledged`);
  assert.deepEqual([report.missing, report.altered, report.doubled], [[], [], []]);
  assert.equal(report.sessionsEnded, 0);
  assert.equal(report.promoted, false, 'somebody was promoted');
  assert.ok(report.leftMeanwhile > 2, 'no mail left for the world');
  assert.equal(report.arrived, report.sentOut);
  assert.equal(report.metered, report.messages);
}

describe('with PostgreSQL gone', () => {
  it('mail to and from known users flows, they sign in, a hub comes back, nobody is promoted, strangers get a temporary error, and everything is counted', async () => {
    const report = await postgresAway(OUTAGE_MS, () => {});
    assertNothingLost(report);
    assert.match(report.stranger, /expected 250, got: 4/);
  });
});

describe('with Redis gone and emptied', () => {
  it('mail flows both ways, users sign in, and every message is counted afterwards', async () => {
    const report = await redisAway(OUTAGE_MS, () => {});
    assertNothingLost(report);
  });
});
