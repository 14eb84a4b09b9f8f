/**
 * Folded texts cut into tokens, where a cut depends only on the two characters beside it, so that the inside of any string is cut
 * as it is in every text that holds it:
 * - words are runs of letters, marks and digits;
 * - in scripts whose words stand without spaces (CJK, Thai and their neighbours; emoji) each character is a token;
 * - what lies between them is a token, white space and punctuation together; one space between two words is left out.
 * The tokens with those spaces put back are the text.
 */
export type Emit = (token: string) => void;

const SEPARATOR = 0;
const WORD = 1;
const DENSE = 2;

const DENSE_CHARS =
  /[\u0e00-\u0eff\u1000-\u109f\u1100-\u11ff\u1780-\u17ff\u2e80-\u2fff\u3021-\u3029\u3031-\ua4cf\ua960-\ua97f\uac00-\ud7ff\uf900-\ufaff]/;
const WORD_CHARS = /[\p{L}\p{M}\p{N}]/u;

/** Of each UTF-16 unit. Halves of pairs are dense: a pair is one token. */
const CLASSES = Uint8Array.from({ length: 0x10000 }, (_, unit) => {
  if (unit >= 0xd800 && unit < 0xe000) return DENSE;
  const char = String.fromCharCode(unit);
  if (DENSE_CHARS.test(char)) return DENSE;
  return WORD_CHARS.test(char) ? WORD : SEPARATOR;
});

/** Calls `emit` for each token of a well-formed text, in order. */
export function eachToken(text: string, emit: Emit): void {
  let before = SEPARATOR;
  for (let at = 0; at < text.length; ) {
    const kind = CLASSES[text.charCodeAt(at)]!;
    const end = kind === DENSE ? at + (isPair(text, at) ? 2 : 1) : runEnd(text, at, kind);
    const between = kind === SEPARATOR && end - at === 1 && text[at] === ' ' && before === WORD;
    if (!between || end === text.length || CLASSES[text.charCodeAt(end)] !== WORD) emit(text.slice(at, end));
    before = kind;
    at = end;
  }
}

function runEnd(text: string, start: number, kind: number): number {
  let end = start + 1;
  while (end < text.length && CLASSES[text.charCodeAt(end)] === kind) end++;
  return end;
}

const isPair = (text: string, at: number): boolean => text.codePointAt(at)! > 0xffff;

/** Two of these side by side have a space between them. */
export const isWord = (token: string): boolean => CLASSES[token.charCodeAt(0)] === WORD;

/** The same of a token that begins with that ASCII character. */
export const isWordByte = (byte: number): boolean => CLASSES[byte] === WORD;

/** How a token of a text must be for the text to hold a string there. `wordToo`: any word does besides, by the space left out beside it. */
export interface TokenPattern {
  readonly token: string;
  readonly place: 'inside' | 'end' | 'whole' | 'start';
  readonly wordToo?: true;
}

/** What tokens in a row, one of these alternatives, make a text hold `wanted`, which is folded and not empty. */
export function patternsOf(wanted: string): readonly (readonly TokenPattern[])[] {
  const tokens: string[] = [];
  eachToken(wanted, (token) => tokens.push(token));
  const inside: readonly TokenPattern[] = [{ token: tokens[0]!, place: 'inside' }];
  if (wanted === ' ') {
    const anyWord: TokenPattern = { token: '', place: 'inside', wordToo: true };
    return [inside, [anyWord, anyWord]];
  }
  if (tokens.length === 1) return [inside];
  return [
    tokens.map((token, i): TokenPattern => {
      const place = i === 0 ? 'end' : i === tokens.length - 1 ? 'start' : 'whole';
      const neighbour = tokens[i === 0 ? 1 : i - 1]!;
      return { token, place, ...(place !== 'whole' && token === ' ' && isWord(neighbour) ? { wordToo: true } : {}) };
    }),
  ];
}
