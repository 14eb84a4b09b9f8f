import type { ArgumentsSpec, TagSpec } from '../arguments.ts';
import type { BoundCommand, BoundTest, Checking } from '../definition.ts';
import type { Run } from '../run.ts';
import { type Comparator, comparatorNamed, DEFAULT_COMPARATOR } from './comparators.ts';
import { matchGlob, parseGlob } from './glob.ts';
import { matchRegex } from './regex.ts';
import { compileRegex } from './regex-program.ts';

const type = (more: Omit<TagSpec, 'group'> = {}): TagSpec => ({ group: 'match type', ...more });

/** RFC 5228 §2.7, RFC 5231, draft-ietf-sieve-regex. */
export const MATCH_TAGS: NonNullable<ArgumentsSpec['tags']> = {
  is: type(),
  contains: type(),
  matches: type(),
  regex: type({ requires: 'regex' }),
  count: type({ requires: 'relational', value: 'string' }),
  value: type({ requires: 'relational', value: 'string' }),
  comparator: { value: 'string' },
};

const MATCH_TYPES = ['is', 'contains', 'matches', 'regex', 'count', 'value'] as const;
const RELATIONS: Readonly<Record<string, (order: number) => boolean>> = {
  gt: (order) => order > 0,
  ge: (order) => order >= 0,
  lt: (order) => order < 0,
  le: (order) => order <= 0,
  eq: (order) => order === 0,
  ne: (order) => order !== 0,
};

type Bound = Pick<BoundTest | BoundCommand, 'arguments' | 'at'>;

/** Checks what a spec cannot: the comparator's name and powers, relations, constant regular expressions among the keys. */
export function checkMatch(bound: Bound, checking: Checking, keysAt: number): void {
  const { arguments: args, at } = bound;
  const matchType = args.oneOf(MATCH_TYPES) ?? 'is';
  const name = args.tagString('comparator') ?? DEFAULT_COMPARATOR;
  const comparator = typeof name === 'string' ? comparatorNamed(name) : undefined;
  if (!comparator) {
    checking.fail(at, `unknown comparator ${JSON.stringify(name)}`);
    return;
  }
  const { capability } = comparator;
  if (capability && !checking.has(capability))
    checking.fail(at, `comparator "${comparator.name}" needs require "${capability}"`);
  if (!comparator.hasSubstrings && (matchType === 'contains' || matchType === 'matches' || matchType === 'regex'))
    checking.fail(at, `comparator "${comparator.name}" cannot do :${matchType}`);
  const relation = matchType === 'count' || matchType === 'value' ? args.tagString(matchType) : 'eq';
  if (typeof relation !== 'string' || !Object.hasOwn(RELATIONS, relation.toLowerCase()))
    checking.fail(at, `:${matchType} wants "gt", "ge", "lt", "le", "eq" or "ne"`);
  if (matchType === 'regex' && args.count > keysAt) checkRegexes(bound, checking, keysAt, comparator);
}

function checkRegexes({ arguments: args }: Bound, checking: Checking, keysAt: number, comparator: Comparator): void {
  for (const key of args.strings(keysAt)) {
    try {
      if (typeof key === 'string') compileRegex(key, comparator.foldCharacter, checking.regexStepsMax);
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      checking.fail(args.placeOf(keysAt), error.message);
    }
  }
}

/** Options of one comparison. */
export interface MatchOptions {
  /** RFC 5173 §5.1: a body test sets no match variables. */
  readonly keepsVariables?: boolean;
}

/** Whether any value matches any key, as the tags of `bound` say. Sets the match variables (RFC 5229 §3.2). */
export function matchAny(
  run: Run,
  bound: Bound,
  values: readonly string[],
  keys: readonly string[],
  options: MatchOptions = {},
): boolean {
  const { arguments: args } = bound;
  const matchType = args.oneOf(MATCH_TYPES) ?? 'is';
  const comparator = comparatorNamed(run.text(args.tagString('comparator') ?? DEFAULT_COMPARATOR));
  if (!comparator) return run.fail('unknown comparator');
  if (matchType === 'count' || matchType === 'value') {
    const relation = RELATIONS[run.text(args.tagString(matchType) ?? '').toLowerCase()];
    const found = matchType === 'count' ? [String(values.length)] : values;
    return relation !== undefined && anyRelated(run, comparator, relation, found, keys);
  }
  const match = matcherOf(run, matchType, comparator, keys);
  for (const value of values) {
    const found = match(value);
    if (!found) continue;
    if (found.length > 0 && !options.keepsVariables) run.variables.setMatched(found);
    return true;
  }
  return false;
}

function anyRelated(
  run: Run,
  comparator: Comparator,
  relation: (order: number) => boolean,
  values: readonly string[],
  keys: readonly string[],
): boolean {
  return values.some((value) =>
    keys.some((key) => {
      run.spend(value.length + key.length);
      return relation(comparator.order(value, key));
    }),
  );
}

/** What a value's match stood for (nothing for `:is` and `:contains`), or `null`. */
type Matcher = (value: string) => readonly string[] | null;

const NOTHING: readonly string[] = [];

function matcherOf(
  run: Run,
  matchType: 'is' | 'contains' | 'matches' | 'regex',
  comparator: Comparator,
  keys: readonly string[],
): Matcher {
  const spend = (steps: number): void => run.spend(steps);
  const { foldCharacter } = comparator;
  switch (matchType) {
    case 'is': {
      const folded = new Set(keys.map((key) => comparator.fold(key)));
      return (value) => {
        run.spend(value.length);
        return folded.has(comparator.fold(value)) ? NOTHING : null;
      };
    }
    case 'contains': {
      const folded = keys.map((key) => comparator.fold(key));
      return (value) => {
        const text = comparator.fold(value);
        run.spend(value.length * folded.length);
        return folded.some((key) => text.includes(key)) ? NOTHING : null;
      };
    }
    case 'matches': {
      const globs = keys.map((key) => parseGlob(key.normalize('NFC'), foldCharacter));
      return (value) => firstOf(globs, (glob) => matchGlob(glob, characters(value), foldCharacter, spend));
    }
    case 'regex': {
      const { regexStepsMax } = run.world.limits;
      const regexes = keys.map((key) => run.guarded(() => compileRegex(key, foldCharacter, regexStepsMax)));
      return (value) => firstOf(regexes, (regex) => matchRegex(regex, characters(value), foldCharacter, spend));
    }
  }
}

const characters = (value: string): readonly string[] => Array.from(value.normalize('NFC'));

function firstOf<T>(patterns: readonly T[], match: (pattern: T) => readonly string[] | null): readonly string[] | null {
  for (const pattern of patterns) {
    const found = match(pattern);
    if (found) return found;
  }
  return null;
}
