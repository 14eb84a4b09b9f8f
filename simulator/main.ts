import { parseArgs } from 'node:util';
import { simulate } from './simulation.ts';

const USAGE =
  'node dist/simulator/main.js [--seeds N] [--from SEED] [--seed SEED] [--hubs N] [--nodes N] [--volumes N] [--faults-ms N] [--heal-ms N] [--check-every-ms N] [--trace]';

/** Runs seeds and replays failing ones: the same seed and the same commit give the same run. */
async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      seeds: { type: 'string', default: '1000' },
      from: { type: 'string', default: '1' },
      seed: { type: 'string' },
      hubs: { type: 'string' },
      nodes: { type: 'string' },
      volumes: { type: 'string' },
      'faults-ms': { type: 'string' },
      'heal-ms': { type: 'string' },
      'check-every-ms': { type: 'string' },
      trace: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    process.stdout.write(`${USAGE}\n`);
    return 0;
  }
  const sizes = {
    ...(values.hubs ? { hubs: Number(values.hubs) } : {}),
    ...(values.nodes ? { nodes: Number(values.nodes) } : {}),
    ...(values.volumes ? { volumes: Number(values.volumes) } : {}),
    ...(values['faults-ms'] ? { faultsMs: Number(values['faults-ms']) } : {}),
    ...(values['heal-ms'] ? { healMs: Number(values['heal-ms']) } : {}),
    ...(values['check-every-ms'] ? { checkEveryMs: Number(values['check-every-ms']) } : {}),
  };
  const trace = values.trace ? { trace: (line: string) => void process.stdout.write(`${line}\n`) } : {};
  const first = Number(values.seed ?? values.from);
  const count = values.seed ? 1 : Number(values.seeds);
  const begun = performance.now();
  const faults: Record<string, number> = {};
  const sum = { acknowledged: 0, refused: 0, takeovers: 0, elections: 0, switchovers: 0, steps: 0, failed: 0 };
  for (let seed = first; seed < first + count; seed++) {
    const result = await simulate({ seed, ...sizes, ...trace });
    sum.acknowledged += result.acknowledged;
    sum.refused += result.refused;
    sum.takeovers += result.takeovers;
    sum.elections += result.elections;
    sum.switchovers += result.switchovers;
    sum.steps += result.steps;
    for (const [name, times] of Object.entries(result.faults)) faults[name] = (faults[name] ?? 0) + times;
    if (result.violations.length === 0) continue;
    sum.failed++;
    process.stdout.write(`seed ${seed} fails; replay with --seed ${seed} --trace\n`);
    for (const violation of result.violations.slice(0, 10)) process.stdout.write(`  ${violation}\n`);
  }
  const seconds = (performance.now() - begun) / 1_000;
  process.stdout.write(`${JSON.stringify({ seeds: count, seconds: Number(seconds.toFixed(1)), ...sum, faults })}\n`);
  return sum.failed === 0 ? 0 : 1;
}

process.exitCode = await main();
