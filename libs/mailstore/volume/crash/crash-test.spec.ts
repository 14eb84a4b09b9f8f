import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { seededRandom } from '#stdx';
import { CrashTest } from './crash-test.ts';

// A slice; the thousands are `node dist/libs/mailstore/volume/crash/crash.js --kills 3000`.
const KILLS = 40;

describe('a writer killed at random points', () => {
  it(`loses nothing acknowledged in ${KILLS} kills`, async (t) => {
    const figures = await CrashTest.run(KILLS, seededRandom(7));
    t.diagnostic(JSON.stringify(figures));
    assert.equal(figures.kills, KILLS);
    assert(figures.acknowledged > KILLS, 'the writer hardly wrote');
    assert(figures.compacted > 0, 'no segment was compacted');
    assert(figures.tiered > 0, 'nothing was moved to cold storage');
    assert(figures.undone + figures.applied > 0, 'no kill met an operation under way');
  });
});
