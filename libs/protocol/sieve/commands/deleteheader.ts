import type { CommandDefinition } from '../definition.ts';
import { checkIndex, indexOf } from '../matching/field-index.ts';
import { checkMatch, MATCH_TAGS, matchAny } from '../matching/match.ts';

/** RFC 5293 §5: a message's way and that it is a machine's must stay to be seen, or loops could not be. */
const PROTECTED = new Set(['received', 'auto-submitted', 'x-sieve-redirected-from']);

export const deleteheader: CommandDefinition = {
  name: 'deleteheader',
  rfc: 'RFC 5293 §5',
  requires: 'editheader',
  arguments: {
    tags: { ...MATCH_TAGS, index: { value: 'number' }, last: {} },
    positional: ['string', 'strings'],
    optional: 1,
    mayEndEarly: true,
  },
  check(bound, checking) {
    checkIndex(bound, checking);
    checkMatch(bound, checking, 1);
  },
  *run(run, bound) {
    const { arguments: args } = bound;
    const name = run.text(args.string(0));
    if (PROTECTED.has(name.toLowerCase())) return 'next';
    const keys = args.count > 1 ? run.texts(args.strings(1)) : null;
    const values = run.header.values(name);
    const wanted = indexOf(args, values.length);
    const gone = new Set<number>();
    for (const [index, value] of values.entries()) {
      if (wanted !== undefined && wanted !== index) continue;
      if (keys === null || (yield* matchAny(run, bound, [value], keys))) gone.add(index);
    }
    run.header.remove(name, gone);
    return 'next';
  },
};
