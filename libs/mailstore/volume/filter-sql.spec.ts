import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type MessageFilter, matchesIndex, needsText, normalFilter } from '#mailstore/api';
import { type Random, seededRandom } from '#stdx';
import { splitFilter } from './filter-sql.ts';
import { IndexDb } from './index-db.ts';
import { keywordsOf, MEMBERSHIP_COLUMNS, type MembershipRow } from './rows.ts';

function randomFilter(random: Random, depth = 0): MessageFilter {
  const number = (below: number): number => Math.floor(random.fraction() * below);
  const kind = number(depth < 3 ? 12 : 9);
  const many = (): MessageFilter[] => Array.from({ length: number(4) }, () => randomFilter(random, depth + 1));
  const bound = (): { from?: number; to?: number } => ({
    ...(random.fraction() < 0.7 ? { from: number(100) } : {}),
    ...(random.fraction() < 0.7 ? { to: number(100) } : {}),
  });
  const ranges = Array.from({ length: number(4) }, () => ({
    first: number(60),
    last: random.fraction() < 0.2 ? Infinity : number(60),
  }));
  // More than go in as ranges, every other uid of the first ones missing.
  const list = Array.from({ length: 600 }, (_, i) => ({ first: 2 * i + number(2), last: 2 * i + 1 }));
  const fields = ['internalDate', 'sentAt', 'savedDate'] as const;
  const simple: readonly MessageFilter[] = [
    { kind: 'all' },
    { kind: 'uids', ranges: random.fraction() < 0.1 ? list.filter(({ first, last }) => first === last) : ranges },
    { kind: 'keyword', keyword: ['$seen', '$SEEN', 'work', '$see', 'absent'][number(5)]! },
    { kind: 'uidFrom', uid: number(60) },
    { kind: 'sizeOver', bytes: number(100) },
    { kind: 'sizeUnder', bytes: number(100) },
    { kind: 'date', field: fields[number(3)]!, ...bound() },
    { kind: 'modSeqFrom', modSeq: number(100) },
    { kind: 'text', text: 'x' },
  ];
  if (kind < 9) return simple[kind]!;
  return kind === 9
    ? { kind: 'not', of: randomFilter(random, depth + 1) }
    : { kind: kind === 10 ? 'and' : 'or', of: many() };
}

describe('filters in SQL', () => {
  it('decide as the shared rules do, and never leave out what a text might still match', () => {
    const random = seededRandom(5);
    const index = new IndexDb(':memory:');
    index.exec(`CREATE TABLE membership (uid INTEGER, message INTEGER, mod_seq INTEGER, created_mod_seq INTEGER,
      keywords TEXT, size INTEGER, internal_date INTEGER, saved_date INTEGER, sent_at INTEGER) STRICT`);
    const number = (): number => Math.floor(random.fraction() * 100);
    for (let uid = 1; uid <= 50; uid++) {
      const keywords = ['', ' $seen ', ' $flagged $seen ', ' work ', ' $seen work '][number() % 5]!;
      const sentAt = random.fraction() < 0.3 ? null : number();
      index.run(
        'INSERT INTO membership VALUES (?, ?, ?, 0, ?, ?, ?, ?, ?)',
        ...[uid, uid, number(), keywords, number(), number(), number(), sentAt],
      );
    }
    const rows = index.all<MembershipRow>(`SELECT ${MEMBERSHIP_COLUMNS} FROM membership ORDER BY uid`);
    for (let i = 0; i < 3_000; i++) {
      const filter = normalFilter(randomFilter(random));
      const { condition, rest } = splitFilter(filter);
      const sql = `SELECT uid FROM membership WHERE ${condition.sql} ORDER BY uid`;
      const found = new Set(index.all<{ uid: number }>(sql, ...condition.parameters).map(({ uid }) => uid));
      for (const row of rows) {
        const wanted = matchesIndex(filter, { ...row, keywords: keywordsOf(row.keywords) });
        if (!needsText(filter)) assert.equal(found.has(row.uid), wanted, JSON.stringify(filter));
        else assert(wanted === false || found.has(row.uid), JSON.stringify(filter));
      }
      assert.equal(rest === undefined, !needsText(filter) || rest === undefined);
    }
    index.close();
  });
});
