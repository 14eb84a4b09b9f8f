import type { TestDefinition } from '../definition.ts';
import { flagsIn } from '../flags.ts';
import { checkMatch, MATCH_TAGS, matchAny } from '../matching/match.ts';

export const hasflag: TestDefinition = {
  name: 'hasflag',
  rfc: 'RFC 5232 §4',
  requires: 'imap4flags',
  arguments: { tags: MATCH_TAGS, positional: ['strings', 'strings'], optional: 1 },
  check(bound, checking) {
    const { arguments: args } = bound;
    checkMatch(bound, checking, args.count - 1);
    if (args.count === 2 && !checking.has('variables'))
      checking.fail(args.placeOf(0), 'naming variables needs require "variables"');
  },
  run(run, bound) {
    const { arguments: args } = bound;
    const names = args.count === 2 ? run.texts(args.strings(0)) : null;
    const flags = names
      ? names.flatMap((name) => flagsIn([run.variables.get({ isGlobal: false, name: name.toLowerCase() })]))
      : run.flags;
    const keys = run.texts(args.strings(args.count - 1));
    // RFC 5232 §4: a key may hold several flags, except where it is a pattern or a number.
    const isWhole = args.oneOf(['count', 'value', 'matches', 'regex']) !== undefined;
    return matchAny(
      run,
      bound,
      flags,
      isWhole ? keys : keys.flatMap((key) => key.split(' ').filter((flag) => flag !== '')),
    );
  },
};
