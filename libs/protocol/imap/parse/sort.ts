import type { ArgumentReader } from '../argument-reader.ts';
import { parseReturn, parseSearchProgram, type SearchKey, type SearchReturn } from './search.ts';

/** What SORT may go by. RFC 5256 §3; DISPLAYFROM and DISPLAYTO, RFC 5957. */
export type SortField = (typeof FIELDS)[number];
const FIELDS = ['ARRIVAL', 'CC', 'DATE', 'FROM', 'SIZE', 'SUBJECT', 'TO', 'DISPLAYFROM', 'DISPLAYTO'] as const;

export interface SortCriterion {
  readonly field: SortField;
  readonly reverse: boolean;
}

export interface SortArguments {
  /** `null` without RETURN: answered by untagged SORT. RFC 5267 §3. */
  readonly result: SearchReturn | null;
  readonly criteria: readonly SortCriterion[];
  readonly key: SearchKey;
  readonly usesModSeq: boolean;
}

/** More would say nothing new: every field twice over. */
const CRITERIA_MAX = 2 * FIELDS.length;

/** SORT and UID SORT. Throws `BadCharsetError` for a charset nobody knows. */
export function parseSort(reader: ArgumentReader): SortArguments {
  const result = reader.acceptWord('RETURN') ? parseReturn(reader) : null;
  const criteria = reader.list(() => parseCriterion(reader));
  if (criteria.length > CRITERIA_MAX) reader.fail('Too many sort criteria');
  reader.space();
  return { result, criteria, ...parseProgram(reader) };
}

function parseCriterion(reader: ArgumentReader): SortCriterion {
  const reverse = reader.acceptWord('REVERSE');
  if (reverse) reader.space();
  const name = reader.keyword('a sort criterion');
  return { field: FIELDS.find((field) => field === name) ?? reader.fail('Unknown sort criterion'), reverse };
}

export type ThreadAlgorithm = 'REFERENCES' | 'ORDEREDSUBJECT';

/** THREAD and UID THREAD. RFC 5256 §3. Throws `BadCharsetError`. */
export function parseThread(reader: ArgumentReader): {
  readonly algorithm: ThreadAlgorithm;
  readonly key: SearchKey;
  readonly usesModSeq: boolean;
} {
  const algorithm = reader.keyword('a thread algorithm');
  if (algorithm !== 'REFERENCES' && algorithm !== 'ORDEREDSUBJECT') return reader.fail('Unknown thread algorithm');
  reader.space();
  return { algorithm, ...parseProgram(reader) };
}

/** A charset, which these two commands always name, and the search keys in it. */
function parseProgram(reader: ArgumentReader): { readonly key: SearchKey; readonly usesModSeq: boolean } {
  const charset = reader.astring('a charset');
  reader.space();
  return parseSearchProgram(reader, charset);
}
