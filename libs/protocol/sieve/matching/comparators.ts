import type { SieveCapability } from '../capabilities.ts';

/** How strings are compared (RFC 4790). */
export interface Comparator {
  readonly name: string;
  /** What a script must require to use it. */
  readonly capability?: SieveCapability;
  /** Has substring operations, so that `:contains`, `:matches` and `:regex` work. */
  readonly hasSubstrings: boolean;
  /** Two strings are equal when their folded forms are. */
  fold(text: string): string;
  /** One character folded, whatever stands beside it. */
  foldCharacter(character: string): string;
  /** Below, at or above 0, as `a` sorts before, with or after `b`. */
  order(a: string, b: string): number;
}

const byOctets = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b));

function folding(
  name: string,
  foldCharacter: (character: string) => string,
  fold: (text: string) => string,
): Comparator {
  return { name, hasSubstrings: true, fold, foldCharacter, order: (a, b) => byOctets(fold(a), fold(b)) };
}

const asciiUpper = (text: string): string =>
  /[^\x00-\x7f]/.test(text) ? text.replace(/[a-z]+/g, (letters) => letters.toUpperCase()) : text.toUpperCase();

function asciiUpperCharacter(character: string): string {
  const code = character.charCodeAt(0);
  return code >= 0x61 && code <= 0x7a ? String.fromCharCode(code - 0x20) : character;
}

/** RFC 5051 §2: simple title case, then decomposed. A letter that becomes several keeps its own form. */
function unicodeUpper(character: string): string {
  const upper = character.toUpperCase();
  return ([...upper].length === 1 ? upper : character).normalize('NFKD');
}

const same = (text: string): string => text;

/** RFC 4790 §9.1: leading digits are a number, anything else is infinity. */
function numeric(text: string): string {
  const digits = /^\d+/.exec(text);
  return digits ? digits[0].replace(/^0+(?=\d)/, '') : '';
}

const NUMERIC: Comparator = {
  name: 'i;ascii-numeric',
  capability: 'comparator-i;ascii-numeric',
  hasSubstrings: false,
  fold: numeric,
  foldCharacter: same,
  order(a, b) {
    const [left, right] = [numeric(a), numeric(b)];
    if (left === '' || right === '') return Number(left === '') - Number(right === '');
    return left.length - right.length || byOctets(left, right);
  },
};

const COMPARATORS: ReadonlyMap<string, Comparator> = new Map(
  [
    folding('i;octet', same, same),
    folding('i;ascii-casemap', asciiUpperCharacter, asciiUpper),
    {
      ...folding('i;unicode-casemap', unicodeUpper, (text) =>
        Array.from(text.normalize('NFC'), unicodeUpper).join('').normalize('NFKD'),
      ),
      capability: 'comparator-i;unicode-casemap' as const,
    },
    NUMERIC,
  ].map((comparator) => [comparator.name, comparator]),
);

export const comparatorNamed = (name: string): Comparator | undefined => COMPARATORS.get(name);

/** RFC 5228 §2.7.3. */
export const DEFAULT_COMPARATOR = 'i;ascii-casemap';
