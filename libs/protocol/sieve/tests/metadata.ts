import type { BoundTest, TestDefinition } from '../definition.ts';
import { checkMatch, MATCH_TAGS, matchAny } from '../matching/match.ts';
import type { Asking } from '../question.ts';
import type { Run } from '../run.ts';

/** The value of one annotation against keys; without it the test fails (RFC 5490 §3.3, §4.3). */
function* matches(run: Run, bound: BoundTest, mailbox: string | null, entryAt: number): Asking<boolean> {
  const { arguments: args } = bound;
  const value = yield { ask: 'annotation', mailbox, entry: run.text(args.string(entryAt)) };
  if (typeof value !== 'string') return false;
  return yield* matchAny(run, bound, [value], run.texts(args.strings(entryAt + 1)));
}

export const metadata: TestDefinition = {
  name: 'metadata',
  rfc: 'RFC 5490 §3.3',
  requires: 'mboxmetadata',
  arguments: { tags: MATCH_TAGS, positional: ['string', 'string', 'strings'] },
  check: (bound, checking) => checkMatch(bound, checking, 2),
  run: (run, bound) => matches(run, bound, run.text(bound.arguments.string(0)), 1),
};

export const servermetadata: TestDefinition = {
  name: 'servermetadata',
  rfc: 'RFC 5490 §4.3',
  requires: 'servermetadata',
  arguments: { tags: MATCH_TAGS, positional: ['string', 'strings'] },
  check: (bound, checking) => checkMatch(bound, checking, 1),
  run: (run, bound) => matches(run, bound, null, 0),
};
