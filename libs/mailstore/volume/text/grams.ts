import { foldForSearch } from '#mailstore/api';

/**
 * Texts cut into short pieces, so that a text can hold a string only if it holds all of the string's pieces:
 * - words are runs without white space, and nothing is cut across it;
 * - in scripts whose words stand without spaces or are short (CJK, Thai and their neighbours; emoji), each character and each two in a row;
 * - elsewhere each four characters in a row; a word's last three are a piece with a mark for its end, so that every three
 *   characters in a row begin a piece.
 * The pieces of a string are pieces, or begin pieces, of every text it is part of. A string of one or two letters has none.
 */
const DENSE =
  /[\u0e00-\u0eff\u1000-\u109f\u1100-\u11ff\u1780-\u17ff\u2e80-\ua4cf\ua960-\ua97f\uac00-\ud7ff\uf900-\ufaff]|[\u{10000}-\u{10ffff}]/u;
const RUNS =
  /[\u0e00-\u0eff\u1000-\u109f\u1100-\u11ff\u1780-\u17ff\u2e80-\ua4cf\ua960-\ua97f\uac00-\ud7ff\uf900-\ufaff\u{10000}-\u{10ffff}]+|[^\s\u0e00-\u0eff\u1000-\u109f\u1100-\u11ff\u1780-\u17ff\u2e80-\ua4cf\ua960-\ua97f\uac00-\ud7ff\uf900-\ufaff\u{10000}-\u{10ffff}]+/gu;
const GRAM = 4;
const WORD_END = '\ue0fe';
/** Enough to find what there is to find; more only costs. */
const QUERY_GRAMS_MAX = 24;

/** Adds the pieces of a text to `grams`. */
export function addGrams(text: string, grams: Set<string>): void {
  const folded = foldForSearch(text);
  if (!DENSE.test(folded)) {
    for (const word of folded.split(/\s+/)) addFours(word, grams);
    return;
  }
  for (const [run] of folded.matchAll(RUNS)) {
    if (DENSE.test(run)) addOnesAndTwos(run, grams);
    else addFours(run, grams);
  }
}

/** A piece that is wanted, or the beginning of one. */
export interface QueryGram {
  readonly gram: string;
  readonly prefix: boolean;
}

/** The pieces a text must hold to hold `wanted`; none when any text may. */
export function queryGrams(wanted: string): readonly QueryGram[] {
  const grams = new Set<string>();
  const beginnings = new Set<string>();
  for (const [run] of foldForSearch(wanted).matchAll(RUNS)) {
    if (DENSE.test(run)) addOnesAndTwos(run, grams);
    else if (run.length === GRAM - 1) beginnings.add(run);
    else for (let i = 0; i + GRAM <= run.length; i++) grams.add(run.slice(i, i + GRAM));
  }
  // Longer ones say more.
  const telling = [...grams].filter((gram) => [...gram].length > 1);
  const best = telling.length > 0 ? telling : [...grams];
  if (best.length === 0) return [...beginnings].slice(0, QUERY_GRAMS_MAX).map((gram) => ({ gram, prefix: true }));
  const step = Math.max(1, best.length / QUERY_GRAMS_MAX);
  const count = Math.min(best.length, QUERY_GRAMS_MAX);
  return Array.from({ length: count }, (_, i) => ({ gram: best[Math.floor(i * step)]!, prefix: false }));
}

/**
 * Pieces as words for FTS5's `ascii` tokenizer, which parts words at ASCII that is neither letter nor digit: such
 * characters are written as private ones.
 */
export const asTokens = (grams: Iterable<string>): string => [...grams].join(' ').replace(PARTING, privateOf);

/** A query for texts that hold all of the pieces, or that could not be read when they were to be indexed. */
export const matchAll = (grams: readonly QueryGram[]): string =>
  `(${grams.map(asTerm).join(' AND ')}) OR "${UNREADABLE_GRAM}"`;

const asTerm = ({ gram, prefix }: QueryGram): string => `"${gram.replace(PARTING, privateOf)}"${prefix ? '*' : ''}`;

const UNREADABLE_GRAM = '\ue0ff';
/** Stands for a text that could not be read: it may hold anything. */
export const UNREADABLE: ReadonlySet<string> = new Set([UNREADABLE_GRAM]);

const PARTING = /[\x00-\x1f\x21-\x2f\x3a-\x40\x5b-\x60\x7b-\x7f]/g;
const privateOf = (char: string): string => String.fromCharCode(0xe000 + char.charCodeAt(0));

function addFours(word: string, grams: Set<string>): void {
  for (let i = 0; i + GRAM <= word.length; i++) grams.add(word.slice(i, i + GRAM));
  if (word.length >= GRAM - 1) grams.add(word.slice(1 - GRAM) + WORD_END);
}

function addOnesAndTwos(run: string, grams: Set<string>): void {
  let previous = '';
  for (const char of run) {
    grams.add(char);
    if (previous !== '') grams.add(previous + char);
    previous = char;
  }
}
