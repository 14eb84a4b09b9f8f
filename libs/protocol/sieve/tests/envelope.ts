import type { TestDefinition } from '../definition.ts';
import { ADDRESS_PART_TAGS, addressPart } from '../matching/address-part.ts';
import { checkMatch, MATCH_TAGS, matchAny } from '../matching/match.ts';
import type { Run } from '../run.ts';

export const envelope: TestDefinition = {
  name: 'envelope',
  rfc: 'RFC 5228 §5.4',
  requires: 'envelope',
  arguments: { tags: { ...MATCH_TAGS, ...ADDRESS_PART_TAGS }, positional: ['strings', 'strings'] },
  check(bound, checking) {
    checkMatch(bound, checking, 1);
    const { arguments: args } = bound;
    for (const part of args.strings(0))
      if (typeof part === 'string' && !/^(?:from|to)$/i.test(part))
        checking.fail(args.placeOf(0), `envelope has no part ${JSON.stringify(part)}`);
  },
  run(run, bound) {
    const { arguments: args } = bound;
    const values = run
      .texts(args.strings(0))
      .flatMap((part) => addressOf(run, part))
      .map((found) => addressPart(run, bound, found))
      .filter((part) => part !== undefined);
    return matchAny(run, bound, values, run.texts(args.strings(1)));
  },
};

function addressOf({ message }: Run, part: string): readonly string[] {
  switch (part.toLowerCase()) {
    case 'from':
      return [message.envelope.from];
    case 'to':
      return [message.envelope.to];
    default:
      return [];
  }
}
