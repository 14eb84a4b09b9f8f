import type { TestDefinition } from '../definition.ts';
import { checkMatch, MATCH_TAGS, matchAny } from '../matching/match.ts';
import { parseMailto } from '../replies/mailto.ts';

export const notifyMethodCapability: TestDefinition = {
  name: 'notify_method_capability',
  rfc: 'RFC 5435 §5',
  requires: 'enotify',
  arguments: { tags: MATCH_TAGS, positional: ['string', 'string', 'strings'] },
  check: (bound, checking) => checkMatch(bound, checking, 2),
  run(run, bound) {
    const { arguments: args } = bound;
    const isOnline = run.text(args.string(1)).toLowerCase() === 'online';
    if (!isOnline || parseMailto(run.text(args.string(0))) === null) return false;
    // RFC 5436 §2.4: nobody knows whether mail is being read.
    return matchAny(run, bound, ['maybe'], run.texts(args.strings(2)));
  },
};
