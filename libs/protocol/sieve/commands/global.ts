import type { CommandDefinition } from '../definition.ts';

export const global: CommandDefinition = {
  name: 'global',
  rfc: 'RFC 6609 §3.4.1',
  requires: 'include',
  arguments: { positional: ['strings'] },
  check({ arguments: args, at }, checking) {
    if (!checking.has('variables')) checking.fail(at, '"global" needs require "variables"');
    for (const name of args.strings(0))
      if (typeof name !== 'string' || !/^[a-z_][a-z0-9_]*$/i.test(name))
        checking.fail(args.placeOf(0), `not the name of a variable: ${JSON.stringify(name)}`);
  },
  run(run, { arguments: args }) {
    for (const name of run.texts(args.strings(0))) run.variables.declareGlobal(name.toLowerCase());
    return 'next';
  },
};
