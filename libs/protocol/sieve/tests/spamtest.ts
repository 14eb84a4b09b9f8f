import type { TestDefinition } from '../definition.ts';
import { checkMatch, MATCH_TAGS, matchAny } from '../matching/match.ts';

export const spamtest: TestDefinition = {
  name: 'spamtest',
  rfc: 'RFC 5235 §3.2',
  requires: ['spamtest', 'spamtestplus'],
  arguments: { tags: { ...MATCH_TAGS, percent: { requires: 'spamtestplus' } }, positional: ['string'] },
  check: (bound, checking) => checkMatch(bound, checking, 0),
  run(run, bound) {
    const { arguments: args } = bound;
    const { spamPercent } = run.world;
    const value = spamPercent === null ? '0' : String(args.has('percent') ? spamPercent : outOfTen(spamPercent));
    // RFC 5235 §3.2: `:count` tells a message nobody looked at from one that is clean.
    const values = args.has('count') && spamPercent === null ? [] : [value];
    return matchAny(run, bound, values, [run.text(args.string(0))]);
  },
};

/** 1 is clean, 10 is spam. */
const outOfTen = (percent: number): number => 1 + Math.round((9 * percent) / 100);
