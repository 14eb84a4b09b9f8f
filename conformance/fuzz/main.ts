import { parseArgs } from 'node:util';
import { fuzz, TARGETS } from './run.ts';

// Every parser, for as long as one likes: node dist/conformance/fuzz/main.js --inputs 1000000 --seed 1 --only imap
// An input that breaks a law names its seed: --inputs 1 --seed N --only 'that parser' does it again.
const { values } = parseArgs({
  options: {
    inputs: { type: 'string', default: '100000' },
    seed: { type: 'string', default: '1' },
    only: { type: 'string', default: '' },
  },
});

const chosen = TARGETS.filter(({ name }) => name.includes(values.only));
if (chosen.length === 0) throw new RangeError(`no parser is called ${values.only}`);
for (const target of chosen) {
  const report = fuzz(target, Number(values.inputs), Number(values.seed), (done) =>
    process.stderr.write(`  ${target.name}: ${done} of ${values.inputs}\n`),
  );
  console.log(
    `${target.name}: ${report.inputs} inputs in ${report.seconds.toFixed(1)} s, nothing found; slowest ${report.slowestMs.toFixed(1)} ms, heap ${(report.grownBytes / 2 ** 20).toFixed(0)} MB more`,
  );
}
