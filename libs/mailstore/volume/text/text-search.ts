import { setImmediate as nextTurn } from 'node:timers/promises';
import { foldForSearch, type MessageFilter, needsText, type TextFilter } from '#mailstore/api';
import type { IndexDb } from '../index-db.ts';
import type { BlockCache } from './block-cache.ts';
import { searchBlock, type TextQuery, textQuery } from './block-search.ts';
import { blockAfter } from './text-index.ts';
import { type Bits, bitsFor, hasBit, setBit, type Verdicts, verdictsOf } from './verdicts.ts';

/** Texts looked for in a block before others have their turn: about 10 ms at most. */
const QUERIES_A_TURN = 2;

interface Asked {
  readonly query: TextQuery;
  /** Messages that hold it. */
  readonly holding: Bits;
}

/** What the text index says of a filter. */
export interface TextAnswers extends Verdicts {
  /** Highest message it has looked at; nothing is known above it. */
  readonly through: number;
  /** Whether the message holds the text, as far as is known. */
  holds(filter: TextFilter, message: number): boolean | undefined;
}

/** Asks the index, block by block, for every text the filter looks for, in messages of the account up to `through`. */
export async function askTexts(
  index: IndexDb,
  cache: BlockCache,
  account: number,
  through: number,
  filter: MessageFilter,
): Promise<TextAnswers> {
  const asked = new Map<string, Asked>();
  for (const one of textFiltersOf(filter))
    if (!asked.has(keyOf(one))) asked.set(keyOf(one), { query: queryOf(one), holding: bitsFor(through) });
  const looked = bitsFor(through);
  for (let after = 0; ; ) {
    // A block may have been merged with its neighbours since the last one: what it says of its messages stays true.
    const row = blockAfter(index, account, after);
    if (!row || row.first > through) break;
    const block = cache.open(index, row);
    const { messages, unread } = block;
    for (const [i, message] of messages.entries()) if (unread[i] === 0 && message <= through) setBit(looked, message);
    let [done, replaced] = [0, false];
    for (const { query, holding } of asked.values()) {
      const found = searchBlock(block, query);
      for (const [i, message] of messages.entries()) if (found[i] === 1 && message <= through) setBit(holding, message);
      if (++done % QUERIES_A_TURN > 0) continue;
      await nextTurn();
      replaced = blockAfter(index, account, after)?.id !== row.id;
      if (replaced) break;
    }
    cache.rest(row, block);
    // The one in its place is asked again.
    if (replaced) continue;
    after = row.last;
    await nextTurn();
  }
  const verdicts = verdictsOf(filter, through, (one) => {
    const { holding } = asked.get(keyOf(one))!;
    return {
      sure: holding.map((bits, i) => bits & looked[i]!),
      possible: holding.map((bits, i) => bits | ~looked[i]!),
    };
  });
  return {
    ...verdicts,
    through,
    holds: (one, message) =>
      message <= through && hasBit(looked, message) ? hasBit(asked.get(keyOf(one))!.holding, message) : undefined,
  };
}

function* textFiltersOf(filter: MessageFilter): Generator<TextFilter> {
  if (filter.kind === 'header' || filter.kind === 'body' || filter.kind === 'text') yield filter;
  else if (filter.kind === 'and' || filter.kind === 'or') for (const part of filter.of) yield* textFiltersOf(part);
  else if (filter.kind === 'not') yield* textFiltersOf(filter.of);
}

const fieldOf = (filter: TextFilter): string => (filter.kind === 'header' ? filter.field.toLowerCase() : '');
const keyOf = (filter: TextFilter): string => `${filter.kind} ${fieldOf(filter)}:${filter.text}`;
const queryOf = (filter: TextFilter): TextQuery => textQuery(filter.kind, fieldOf(filter), foldForSearch(filter.text));

/** Whether nothing but texts decides the filter. */
export function isAllText(filter: MessageFilter): boolean {
  if (filter.kind === 'and' || filter.kind === 'or') return filter.of.every(isAllText);
  return filter.kind === 'not' ? isAllText(filter.of) : filter.kind === 'all' || needsText(filter);
}
