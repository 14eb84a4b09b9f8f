import { parseArgs } from 'node:util';
import { seededRandom } from '#stdx';
import { CrashTest } from './crash-test.ts';

// node dist/libs/mailstore/volume/crash/crash.js [--kills N] [--seed N]
const { values } = parseArgs({
  options: { kills: { type: 'string', default: '3000' }, seed: { type: 'string', default: '1' } },
});
const begun = performance.now();
const figures = await CrashTest.run(Number(values.kills), seededRandom(Number(values.seed)), (so) => {
  if (so.kills % 100 === 0) process.stdout.write(`${JSON.stringify(so)}\n`);
});
process.stdout.write(`${Math.round((performance.now() - begun) / 1_000)} s: ${JSON.stringify(figures)}\n`);
