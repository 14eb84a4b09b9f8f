import { type MessageFilter, needsText, type Uid, type UidRange } from '#mailstore/api';
import type { SqlValue } from './index-db.ts';
import { spanAtMost } from './ranges.ts';

/** A condition on a row of `membership`. */
export interface SqlCondition {
  readonly sql: string;
  readonly parameters: readonly SqlValue[];
}

/** SQLite's default bound on a statement's variables is 32,766; more ranges of uids than this go in as one list of uids. */
const RANGES_MAX = 500;
/** A longer list, which each window of a search would have to take in again, is checked in JavaScript. */
const LISTED_UIDS_MAX = 10_000;

/**
 * What of a `normalFilter` the index can decide, as SQL, and what is left to look at row by row. The condition never
 * leaves out a row the filter would take; `rest` is undefined when it also takes none too many.
 */
export function splitFilter(filter: MessageFilter): {
  readonly condition: SqlCondition;
  readonly rest: MessageFilter | undefined;
} {
  if (inSql(filter)) return { condition: toSql(filter), rest: undefined };
  if (filter.kind !== 'and') return { condition: toSql({ kind: 'all' }), rest: filter };
  const known = filter.of.filter(inSql);
  const rest = filter.of.filter((part) => !inSql(part));
  return { condition: toSql({ kind: 'and', of: known }), rest: { kind: 'and', of: rest } };
}

function inSql(filter: MessageFilter): boolean {
  if (needsText(filter)) return false;
  switch (filter.kind) {
    case 'uids':
      return filter.ranges.length <= RANGES_MAX || spanAtMost(filter.ranges, LISTED_UIDS_MAX);
    case 'and':
    case 'or':
      return filter.of.length <= RANGES_MAX && filter.of.every(inSql);
    case 'not':
      return inSql(filter.of);
    default:
      return true;
  }
}

function toSql(filter: MessageFilter): SqlCondition {
  switch (filter.kind) {
    case 'all':
      return { sql: '1', parameters: [] };
    case 'and':
    case 'or':
      return joined(filter.of.map(toSql), filter.kind);
    case 'not': {
      const { sql, parameters } = toSql(filter.of);
      return { sql: `NOT ${sql}`, parameters };
    }
    case 'uids':
      if (filter.ranges.length > RANGES_MAX)
        return { sql: 'uid IN (SELECT value FROM json_each(?))', parameters: [JSON.stringify(uidsOf(filter.ranges))] };
      return joined(
        filter.ranges.map(({ first, last }) => ({ sql: 'uid BETWEEN ? AND ?', parameters: [first, last] })),
        'or',
      );
    case 'keyword':
      return { sql: 'instr(keywords, ?) > 0', parameters: [` ${filter.keyword} `] };
    case 'uidFrom':
      return { sql: 'uid >= ?', parameters: [filter.uid] };
    case 'sizeOver':
      return { sql: 'size > ?', parameters: [filter.bytes] };
    case 'sizeUnder':
      return { sql: 'size < ?', parameters: [filter.bytes] };
    case 'modSeqFrom':
      return { sql: 'mod_seq >= ?', parameters: [filter.modSeq] };
    case 'date':
      return dateSql(filter);
    default:
      throw new Error(`${filter.kind} is not decided by the index`);
  }
}

function uidsOf(ranges: readonly UidRange[]): Uid[] {
  const uids: Uid[] = [];
  for (const { first, last } of ranges) for (let uid = first; uid <= last; uid++) uids.push(uid);
  return uids;
}

function dateSql({ field, from, to }: MessageFilter & { readonly kind: 'date' }): SqlCondition {
  const columns = {
    internalDate: 'internal_date',
    savedDate: 'saved_date',
    sentAt: 'coalesce(sent_at, internal_date)',
  };
  const parts: SqlCondition[] = [];
  if (from !== undefined) parts.push({ sql: `${columns[field]} >= ?`, parameters: [from] });
  if (to !== undefined) parts.push({ sql: `${columns[field]} < ?`, parameters: [to] });
  return joined(parts, 'and');
}

function joined(parts: readonly SqlCondition[], by: 'and' | 'or'): SqlCondition {
  if (parts.length === 0) return { sql: by === 'and' ? '1' : '0', parameters: [] };
  return {
    sql: `(${parts.map(({ sql }) => sql).join(by === 'and' ? ' AND ' : ' OR ')})`,
    parameters: parts.flatMap(({ parameters }) => parameters),
  };
}
