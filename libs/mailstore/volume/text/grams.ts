import { foldForSearch } from '#mailstore/api';

/**
 * Texts cut into short pieces, so that a text can hold a string only if it holds all of the string's pieces:
 * - words are runs without white space, and nothing is cut across it;
 * - in scripts whose words stand without spaces or are short (CJK, Thai and their neighbours; emoji), each character and each two in a row;
 * - elsewhere each three characters in a row.
 * The pieces of a string are pieces of every text it is part of. A string of one or two letters has none: nothing narrows it.
 */
const DENSE =
  /[\u0e00-\u0eff\u1000-\u109f\u1100-\u11ff\u1780-\u17ff\u2e80-\ua4cf\ua960-\ua97f\uac00-\ud7ff\uf900-\ufaff]|[\u{10000}-\u{10ffff}]/u;
const RUNS =
  /[\u0e00-\u0eff\u1000-\u109f\u1100-\u11ff\u1780-\u17ff\u2e80-\ua4cf\ua960-\ua97f\uac00-\ud7ff\uf900-\ufaff\u{10000}-\u{10ffff}]+|[^\s\u0e00-\u0eff\u1000-\u109f\u1100-\u11ff\u1780-\u17ff\u2e80-\ua4cf\ua960-\ua97f\uac00-\ud7ff\uf900-\ufaff\u{10000}-\u{10ffff}]+/gu;
const GRAM = 3;
/** Enough to find what there is to find; more only costs. */
const QUERY_GRAMS_MAX = 24;

/** Adds the pieces of a text to `grams`. */
export function addGrams(text: string, grams: Set<string>): void {
  const folded = foldForSearch(text);
  if (!DENSE.test(folded)) {
    for (const word of folded.split(/\s+/)) addThrees(word, grams);
    return;
  }
  for (const [run] of folded.matchAll(RUNS)) {
    if (DENSE.test(run)) addOnesAndTwos(run, grams);
    else addThrees(run, grams);
  }
}

/** The pieces a text must hold to hold `wanted`; none when any text may. */
export function queryGrams(wanted: string): readonly string[] {
  const grams = new Set<string>();
  addGrams(wanted, grams);
  const all = [...grams];
  // Those of two characters say more than those of one.
  const telling = all.some((gram) => [...gram].length > 1) ? all.filter((gram) => [...gram].length > 1) : all;
  const step = Math.max(1, telling.length / QUERY_GRAMS_MAX);
  return Array.from({ length: Math.min(telling.length, QUERY_GRAMS_MAX) }, (_, i) => telling[Math.floor(i * step)]!);
}

/**
 * Pieces as words for FTS5's `ascii` tokenizer, which parts words at ASCII that is neither letter nor digit: such
 * characters are written as private ones.
 */
export const asTokens = (grams: Iterable<string>): string => [...grams].join(' ').replace(PARTING, privateOf);

/** A query for texts that hold all of the pieces, or that could not be read when they were to be indexed. */
export const matchAll = (grams: readonly string[]): string =>
  `(${grams.map((gram) => `"${gram.replace(PARTING, privateOf)}"`).join(' AND ')}) OR "${UNREADABLE_GRAM}"`;

const UNREADABLE_GRAM = '\ue0ff';
/** Stands for a text that could not be read: it may hold anything. */
export const UNREADABLE: ReadonlySet<string> = new Set([UNREADABLE_GRAM]);

const PARTING = /[\x00-\x1f\x21-\x2f\x3a-\x40\x5b-\x60\x7b-\x7f]/g;
const privateOf = (char: string): string => String.fromCharCode(0xe000 + char.charCodeAt(0));

function addThrees(word: string, grams: Set<string>): void {
  for (let i = 0; i + GRAM <= word.length; i++) grams.add(word.slice(i, i + GRAM));
}

function addOnesAndTwos(run: string, grams: Set<string>): void {
  let previous = '';
  for (const char of run) {
    grams.add(char);
    if (previous !== '') grams.add(previous + char);
    previous = char;
  }
}
