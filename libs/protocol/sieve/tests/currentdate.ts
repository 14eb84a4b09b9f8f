import { DATE_PARTS, datePart, parseZone } from '../date-parts.ts';
import type { TestDefinition } from '../definition.ts';
import { checkMatch, MATCH_TAGS, matchAny } from '../matching/match.ts';

export const currentdate: TestDefinition = {
  name: 'currentdate',
  rfc: 'RFC 5260 §5',
  requires: 'date',
  arguments: { tags: { ...MATCH_TAGS, zone: { value: 'string' } }, positional: ['string', 'strings'] },
  check(bound, checking) {
    const { arguments: args, at } = bound;
    checkMatch(bound, checking, 1);
    const [zone, part] = [args.tagString('zone'), args.string(0)];
    if (typeof zone === 'string' && parseZone(zone) === undefined) checking.fail(at, ':zone is like "+0100"');
    if (typeof part === 'string' && !DATE_PARTS.has(part.toLowerCase()))
      checking.fail(args.placeOf(0), `unknown part of a date ${JSON.stringify(part)}`);
  },
  run(run, bound) {
    const { arguments: args } = bound;
    const tag = args.tagString('zone');
    const zone = tag === undefined ? run.world.zoneMinutes : parseZone(run.text(tag));
    if (zone === undefined) return run.fail(':zone is like "+0100"');
    const value = datePart(run.text(args.string(0)).toLowerCase(), run.world.now, zone);
    return matchAny(run, bound, value === undefined ? [] : [value], run.texts(args.strings(1)));
  },
};
