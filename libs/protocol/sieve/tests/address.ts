import { addressesIn, isAddressField } from '../addresses.ts';
import type { TestDefinition } from '../definition.ts';
import { ADDRESS_PART_TAGS, addressPart } from '../matching/address-part.ts';
import { checkIndex, INDEX_TAGS, indexed } from '../matching/field-index.ts';
import { checkMatch, MATCH_TAGS, matchAny } from '../matching/match.ts';

export const address: TestDefinition = {
  name: 'address',
  rfc: 'RFC 5228 §5.1',
  arguments: { tags: { ...MATCH_TAGS, ...ADDRESS_PART_TAGS, ...INDEX_TAGS }, positional: ['strings', 'strings'] },
  check(bound, checking) {
    checkMatch(bound, checking, 1);
    checkIndex(bound, checking);
    const { arguments: args } = bound;
    for (const name of args.strings(0))
      if (typeof name === 'string' && !isAddressField(name))
        checking.fail(args.placeOf(0), `header field ${JSON.stringify(name)} holds no addresses`);
  },
  run(run, bound) {
    const { arguments: args } = bound;
    const values = run
      .texts(args.strings(0))
      .flatMap((name) => indexed(args, run.header.rawValues(name)))
      .flatMap(addressesIn)
      .map((found) => addressPart(run, bound, found))
      .filter((part) => part !== undefined);
    return matchAny(run, bound, values, run.texts(args.strings(1)));
  },
};
