import type { TestDefinition } from '../definition.ts';
import { checkMatch, MATCH_TAGS, matchAny } from '../matching/match.ts';

export const string: TestDefinition = {
  name: 'string',
  rfc: 'RFC 5229 §5',
  requires: 'variables',
  arguments: { tags: MATCH_TAGS, positional: ['strings', 'strings'] },
  check: (bound, checking) => checkMatch(bound, checking, 1),
  run(run, bound) {
    const { arguments: args } = bound;
    const values = run.texts(args.strings(0));
    // RFC 5229 §5: `:count` counts strings that are not empty.
    const counted = args.has('count') ? values.filter((value) => value !== '') : values;
    return matchAny(run, bound, counted, run.texts(args.strings(1)));
  },
};
