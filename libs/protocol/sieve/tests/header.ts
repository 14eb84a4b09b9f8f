import type { TestDefinition } from '../definition.ts';
import { checkIndex, INDEX_TAGS, indexed } from '../matching/field-index.ts';
import { checkMatch, MATCH_TAGS, matchAny } from '../matching/match.ts';

export const header: TestDefinition = {
  name: 'header',
  rfc: 'RFC 5228 §5.7',
  arguments: { tags: { ...MATCH_TAGS, ...INDEX_TAGS }, positional: ['strings', 'strings'] },
  check(bound, checking) {
    checkMatch(bound, checking, 1);
    checkIndex(bound, checking);
  },
  run(run, bound) {
    const { arguments: args } = bound;
    const values = run.texts(args.strings(0)).flatMap((name) => indexed(args, run.header.values(name)));
    return matchAny(run, bound, values, run.texts(args.strings(1)));
  },
};
