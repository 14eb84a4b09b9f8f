import { unfold } from '#protocol/message';
import { DATE_PARTS, datePart, parseZone, zonedDate } from '../date-parts.ts';
import type { TestDefinition } from '../definition.ts';
import { checkIndex, INDEX_TAGS, indexed } from '../matching/field-index.ts';
import { checkMatch, MATCH_TAGS, matchAny } from '../matching/match.ts';

export const date: TestDefinition = {
  name: 'date',
  rfc: 'RFC 5260 §4',
  requires: 'date',
  arguments: {
    tags: {
      ...MATCH_TAGS,
      ...INDEX_TAGS,
      zone: { value: 'string', group: 'zone' },
      originalzone: { group: 'zone' },
    },
    positional: ['string', 'string', 'strings'],
  },
  check(bound, checking) {
    const { arguments: args, at } = bound;
    checkMatch(bound, checking, 2);
    checkIndex(bound, checking);
    const [zone, part] = [args.tagString('zone'), args.string(1)];
    if (typeof zone === 'string' && parseZone(zone) === undefined) checking.fail(at, ':zone is like "+0100"');
    if (typeof part === 'string' && !DATE_PARTS.has(part.toLowerCase()))
      checking.fail(args.placeOf(1), `unknown part of a date ${JSON.stringify(part)}`);
  },
  run(run, bound) {
    const { arguments: args } = bound;
    const tag = args.tagString('zone');
    const zone = tag === undefined ? run.world.zoneMinutes : parseZone(run.text(tag));
    if (zone === undefined) return run.fail(':zone is like "+0100"');
    const part = run.text(args.string(1)).toLowerCase();
    // RFC 5260 §4: the first date of several fields counts, as of `:index`.
    const [raw] = indexed(args, run.header.rawValues(run.text(args.string(0))));
    const found = raw === undefined ? undefined : zonedDate(unfold(raw));
    const value = found && datePart(part, found.at, args.has('originalzone') ? found.zoneMinutes : zone);
    return matchAny(run, bound, value === undefined ? [] : [value], run.texts(args.strings(2)));
  },
};
