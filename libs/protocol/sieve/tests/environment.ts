import type { TestDefinition } from '../definition.ts';
import { checkMatch, MATCH_TAGS, matchAny } from '../matching/match.ts';

export const environment: TestDefinition = {
  name: 'environment',
  rfc: 'RFC 5183 §4',
  requires: 'environment',
  arguments: { tags: MATCH_TAGS, positional: ['string', 'strings'] },
  check: (bound, checking) => checkMatch(bound, checking, 1),
  run(run, bound) {
    const { arguments: args } = bound;
    const name = run.text(args.string(0)).toLowerCase();
    const { environment: items } = run.world;
    // RFC 5183 §4: an item nobody knows matches nothing; under :count it is none.
    const values = Object.hasOwn(items, name) ? [items[name]!] : [];
    return matchAny(run, bound, values, run.texts(args.strings(1)));
  },
};
