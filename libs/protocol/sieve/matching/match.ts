import type { ArgumentsSpec, TagSpec } from '../arguments.ts';
import type { BoundCommand, BoundTest, Checking } from '../definition.ts';
import type { Asking } from '../question.ts';
import type { Run } from '../run.ts';
import type { Paused } from './characters.ts';
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
export function* matchAny(
  run: Run,
  bound: Bound,
  values: readonly string[],
  keys: readonly string[],
  options: MatchOptions = {},
): Asking<boolean> {
  const { arguments: args } = bound;
  const matchType = args.oneOf(MATCH_TYPES) ?? 'is';
  const comparator = comparatorNamed(run.text(args.tagString('comparator') ?? DEFAULT_COMPARATOR));
  if (!comparator) return run.fail('unknown comparator');
  if (matchType === 'count' || matchType === 'value') {
    const relation = RELATIONS[run.text(args.tagString(matchType) ?? '').toLowerCase()];
    const found = matchType === 'count' ? [String(values.length)] : values;
    return relation !== undefined && anyRelated(run, comparator, relation, found, keys);
  }
  if (matchType === 'is') return isOneOf(run, comparator, values, keys);
  if (matchType === 'contains') return contains(run, comparator, values, keys);
  const patterns = patternsOf(run, matchType, comparator, keys);
  for (const value of values) {
    const text = value.normalize('NFC');
    for (const match of patterns) {
      const found = yield* slowly(match(text));
      if (!found) continue;
      if (!options.keepsVariables) run.variables.setMatched(found);
      return true;
    }
  }
  return false;
}

/** Others have their turn at each stop. */
function* slowly<T>(work: Paused<T>): Asking<T> {
  let next = work.next();
  while (!next.done) {
    yield { ask: 'pause' };
    next = work.next();
  }
  return next.value;
}

/** Comparing whole strings is the machine's own work: so many characters of it cost a step. */
const NATIVE_CHARACTERS = 16;

function isOneOf(run: Run, comparator: Comparator, values: readonly string[], keys: readonly string[]): boolean {
  const folded = new Set(keys.map((key) => comparator.fold(key)));
  return values.some((value) => {
    run.spend(1 + value.length / NATIVE_CHARACTERS);
    return folded.has(comparator.fold(value));
  });
}

function contains(run: Run, comparator: Comparator, values: readonly string[], keys: readonly string[]): boolean {
  const folded = keys.map((key) => comparator.fold(key));
  return values.some((value) => {
    run.spend(1 + ((1 + keys.length) * value.length) / NATIVE_CHARACTERS);
    const text = comparator.fold(value);
    return folded.some((key) => text.includes(key));
  });
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
      run.spend(1 + (value.length + key.length) / NATIVE_CHARACTERS);
      return relation(comparator.order(value, key));
    }),
  );
}

/** What a text's match stood for, whole first, or `null`. */
type Pattern = (text: string) => Paused<readonly string[] | null>;

function patternsOf(
  run: Run,
  matchType: 'matches' | 'regex',
  { foldCharacter }: Comparator,
  keys: readonly string[],
): readonly Pattern[] {
  const spend = (steps: number): void => run.spend(steps);
  const { regexStepsMax } = run.world.limits;
  return keys.map((key) => {
    const pattern = key.normalize('NFC');
    if (matchType === 'matches') {
      const glob = parseGlob(pattern, foldCharacter);
      return (text) => matchGlob(glob, text, foldCharacter, spend);
    }
    const regex = run.guarded(() => compileRegex(pattern, foldCharacter, regexStepsMax));
    return (text) => matchRegex(regex, text, foldCharacter, spend);
  });
}
