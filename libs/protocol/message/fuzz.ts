import { parseArgs } from 'node:util';
import { seededRandom, systemClock } from '#stdx';
import { fuzzDecoders, fuzzHeaders, fuzzStructure } from './fuzz-checks.ts';
import { SEEDS } from './fuzz-seeds.ts';

/** The long run: `node dist/libs/protocol/message/fuzz.js --runs 1000000 --seed 1`. Every input has a seed of its own, printed when it fails. */
const { values } = parseArgs({
  options: { runs: { type: 'string', default: '100000' }, seed: { type: 'string', default: '1' } },
});
const runs = Number(values.runs);
const first = Number(values.seed);
const start = systemClock.monotonic();
for (let run = 0; run < runs; run++) {
  const seed = first + run;
  const random = seededRandom(seed);
  try {
    fuzzHeaders(random);
    fuzzDecoders(random);
    fuzzStructure(random, seed % 4 === 0 ? SEEDS[(seed >> 2) % SEEDS.length]! : null);
  } catch (error) {
    process.stderr.write(`failed with --runs 1 --seed ${seed}:\n${error instanceof Error ? error.stack : error}\n`);
    process.exit(1);
  }
  if ((run + 1) % 100_000 === 0) process.stdout.write(`${run + 1} of ${runs}\n`);
}
const seconds = (systemClock.monotonic() - start) / 1_000;
process.stdout.write(
  `${runs} runs from seed ${first}: nothing found in ${seconds.toFixed(1)} s, ${Math.round(process.memoryUsage().rss / 2 ** 20)} MB\n`,
);
