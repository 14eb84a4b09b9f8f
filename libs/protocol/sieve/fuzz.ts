import { parseArgs } from 'node:util';
import { seededRandom } from '#stdx';
import { fuzzScript } from './fuzz-checks.ts';

/** The long run: `node dist/libs/protocol/sieve/fuzz.js --runs 1000000 --seed 1`. A script that fails names its seed. */
const { values } = parseArgs({
  options: { runs: { type: 'string', default: '100000' }, seed: { type: 'string', default: '1' } },
});
const first = Number(values.seed);
for (let seed = first; seed < first + Number(values.runs); seed++) {
  try {
    fuzzScript(seededRandom(seed));
  } catch (error) {
    process.stderr.write(`failed with --runs 1 --seed ${seed}:\n${error instanceof Error ? error.stack : error}\n`);
    process.exit(1);
  }
}
process.stdout.write(`${values.runs} runs from seed ${first}: nothing found\n`);
