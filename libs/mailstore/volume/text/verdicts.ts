import type { MessageFilter, TextFilter } from '#mailstore/api';

/** Message numbers, as bits. */
export type Bits = Uint32Array;

export const bitsFor = (last: number): Bits => new Uint32Array(Math.floor(last / 32) + 1);
export const setBit = (bits: Bits, number: number): void => {
  bits[number >>> 5]! |= 1 << (number & 31);
};
export const hasBit = (bits: Bits, number: number): boolean => ((bits[number >>> 5] ?? 0) & (1 << (number & 31))) !== 0;

/** What is known of messages: these match, and no others can. */
export interface Verdicts {
  readonly sure: Bits;
  readonly possible: Bits;
}

/** What answers about texts make of the filter, of messages up to `last`; nothing is known of what is not text. */
export function verdictsOf(filter: MessageFilter, last: number, text: (filter: TextFilter) => Verdicts): Verdicts {
  const none = (): Bits => bitsFor(last);
  const every = (): Bits => bitsFor(last).fill(0xffffffff);
  switch (filter.kind) {
    case 'header':
    case 'body':
    case 'text':
      return text(filter);
    case 'not': {
      const { sure, possible } = verdictsOf(filter.of, last, text);
      return { sure: possible.map((bits) => ~bits), possible: sure.map((bits) => ~bits) };
    }
    case 'and':
    case 'or': {
      const and = filter.kind === 'and';
      const start = { sure: and ? every() : none(), possible: and ? every() : none() };
      for (const part of filter.of) {
        const { sure, possible } = verdictsOf(part, last, text);
        join(start.sure, sure, and);
        join(start.possible, possible, and);
      }
      return start;
    }
    case 'all':
      return { sure: every(), possible: every() };
    default:
      return { sure: none(), possible: every() };
  }
}

function join(into: Bits, bits: Bits, and: boolean): void {
  for (let i = 0; i < into.length; i++) into[i] = and ? into[i]! & bits[i]! : into[i]! | bits[i]!;
}

/** The numbers, ascending; undefined when they are more than `most`. */
export function fewOf(bits: Bits, most: number): readonly number[] | undefined {
  const found: number[] = [];
  for (const [word, all] of bits.entries()) {
    for (let rest = all; rest !== 0; rest &= rest - 1) found.push(word * 32 + 31 - Math.clz32(rest & -rest));
    if (found.length > most) return undefined;
  }
  return found;
}
