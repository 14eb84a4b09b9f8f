import type { CommandDefinition } from '../definition.ts';
import { flagsIn } from '../flags.ts';

/** The shape of the three commands that change flags: in a variable, else in the internal one (RFC 5232 §3). */
export function flagCommand(
  name: string,
  rfc: string,
  change: (before: readonly string[], flags: readonly string[]) => readonly string[],
): CommandDefinition {
  return {
    name,
    rfc,
    requires: 'imap4flags',
    arguments: { positional: ['string', 'strings'], optional: 1 },
    check({ arguments: args }, checking) {
      if (args.count < 2) return;
      const variable = args.string(0);
      if (!checking.has('variables')) checking.fail(args.placeOf(0), 'naming a variable needs require "variables"');
      else if (typeof variable !== 'string' || !/^[a-z_][a-z0-9_]*$/i.test(variable))
        checking.fail(args.placeOf(0), `not the name of a variable: ${JSON.stringify(variable)}`);
    },
    run(run, { arguments: args }) {
      const flags = flagsIn(run.texts(args.strings(args.count - 1)));
      if (args.count < 2) {
        run.flags = change(run.flags, flags);
        return 'next';
      }
      const variable = { isGlobal: false, name: run.text(args.string(0)).toLowerCase() };
      const before = flagsIn([run.variables.get(variable)]);
      run.guarded(() => run.variables.set(variable, change(before, flags).join(' ')));
      return 'next';
    },
  };
}
