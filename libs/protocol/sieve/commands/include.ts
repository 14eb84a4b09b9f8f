import type { CommandDefinition, SieveScript } from '../definition.ts';
import { runBlock } from '../execute.ts';

export const include: CommandDefinition = {
  name: 'include',
  rfc: 'RFC 6609 §3.2',
  requires: 'include',
  arguments: {
    tags: { personal: { group: 'location' }, global: { group: 'location' }, once: {}, optional: {} },
    positional: ['string'],
  },
  check({ arguments: args }, checking) {
    if (typeof args.string(0) !== 'string') checking.fail(args.placeOf(0), 'the name of a script must be constant');
  },
  *run(run, { arguments: args }) {
    const name = run.text(args.string(0));
    const location = args.has('global') ? 'global' : 'personal';
    const key = `${location} ${name}`;
    if (args.has('once') && run.included.has(key)) return 'next';
    const { includesMax, includeDepthMax } = run.world.limits;
    if (++run.inclusions > includesMax || run.including.length >= includeDepthMax) run.fail('too many inclusions');
    if (run.including.includes(key)) run.fail(`script ${JSON.stringify(name)} includes itself`);
    // The interpreter reads what the driver finds: what arrives here is a script.
    const script = (yield { ask: 'script', location, name }) as unknown as SieveScript | null;
    if (!script) return args.has('optional') ? 'next' : run.fail(`no script ${JSON.stringify(name)} to include`);
    run.included.add(key);
    run.including.push(key);
    run.variables.enter();
    const flow = yield* runBlock(run, script.commands);
    run.variables.leave();
    run.including.pop();
    return flow === 'stop' ? 'stop' : 'next';
  },
};
