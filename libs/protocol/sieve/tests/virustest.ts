import type { TestDefinition } from '../definition.ts';
import { checkMatch, MATCH_TAGS, matchAny } from '../matching/match.ts';

export const virustest: TestDefinition = {
  name: 'virustest',
  rfc: 'RFC 5235 §3.3',
  requires: 'virustest',
  arguments: { tags: MATCH_TAGS, positional: ['string'] },
  check: (bound, checking) => checkMatch(bound, checking, 0),
  run(run, bound) {
    const { virusLevel } = run.world;
    const values = bound.arguments.has('count') && virusLevel === 0 ? [] : [String(virusLevel)];
    return matchAny(run, bound, values, [run.text(bound.arguments.string(0))]);
  },
};
