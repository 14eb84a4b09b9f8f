import { parseArgs } from 'node:util';
import { EmbeddedCluster } from './embedded-cluster.ts';
import { campaign, type Fault, percentile } from './rounds.ts';

// Repeats faults on a real cluster under load: `node dist/conformance/cluster/main.js --fault kill-node --rounds 20`.
const { values } = parseArgs({
  options: { fault: { type: 'string', default: 'kill-node' }, rounds: { type: 'string', default: '20' } },
});
const faults = ['kill-node', 'kill-leader', 'freeze-node'] as const satisfies readonly Fault[];
const fault = faults.find((name) => name === values.fault);
if (!fault) throw new Error(`--fault must be one of ${faults.join(', ')}`);

await using cluster = await EmbeddedCluster.start(['--restart']);
const { results, acknowledged, refused, missing, altered, doubled } = await campaign(
  cluster,
  fault,
  Number(values.rounds),
  (line) => console.log(line),
);
const outages = results.flatMap((result) => result.outages.map(({ milliseconds }) => milliseconds));
const disturbed = results.reduce((sum, result) => sum + result.disturbed, 0);
console.log(
  `${fault}: ${results.length} rounds, ${outages.length} outages: p50 ${percentile(outages, 0.5).toFixed(0)} ms, p99 ${percentile(outages, 0.99).toFixed(0)} ms, max ${Math.max(...outages).toFixed(0)} ms`,
);
console.log(
  `bystanders disturbed: ${disturbed}; acknowledged ${acknowledged}, refused or cut off and sent again ${refused}`,
);
console.log(`missing ${missing.length}, altered ${altered.length}, doubled ${doubled.length}`);
process.exitCode = missing.length + altered.length > 0 ? 1 : 0;
