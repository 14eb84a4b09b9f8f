import { BODY, FIRST_WORD, ONCE, PIECE, type Section, WORD_END } from './block-format.ts';
import { codeAt, codeLength, ONE_BYTE } from './ints.ts';
import type { TextBlock } from './text-block.ts';
import { isWord, isWordByte, type TokenPattern } from './tokens.ts';

export interface Wanted extends TokenPattern {
  /** Its bytes among the words of a block. */
  readonly needle: Buffer;
}

/** Bits of a number. A row of more words is followed that far, and the texts that have so much of it are looked at themselves. */
const FOLLOWED_MAX = 31;

/**
 * Looks through the sequences of one section for words in a row, in one pass (the shift-and algorithm of Baeza-Yates and Gonnet):
 * bit n of the state says that the words up to here are the row's first n + 1.
 */
export class RowScan {
  /** By code, then by the number of words that occur once: which words of the row it may be, as bits. */
  private readonly places: Uint32Array;
  private readonly firstOnce: number;
  private readonly row: readonly Wanted[];

  /** `wanted` is the row's text. In the field of that name alone, where one is given. */
  constructor(
    private readonly block: TextBlock,
    private readonly whole: readonly Wanted[],
    private readonly section: Section,
    private readonly field: string | undefined,
    private readonly wanted: string,
  ) {
    this.row = whole.slice(0, FOLLOWED_MAX);
    this.firstOnce = FIRST_WORD + block.wordCount;
    this.places = new Uint32Array(this.firstOnce + block.once(section).starts.at(-1)!);
  }

  run(found: Uint8Array): void {
    const { block, section, whole, row } = this;
    const field = this.field === undefined ? -1 : block.fields.indexOf(this.field);
    if (this.field !== undefined && field < 0) return;
    const candidates = this.candidates(found);
    if (!candidates) return;
    const bytes = block.sequences(section);
    const starts = block.sequenceStarts[section]!;
    const once = block.once(section).starts;
    for (let i = 0; i < candidates.length; i++) {
      if (candidates[i] === 0 || !this.follows(bytes, starts[i]!, starts[i + 1]!, once[i]!, field)) continue;
      if (whole.length > row.length && !this.reads(bytes, i, field)) continue;
      found[i] = 1;
    }
  }

  /** Messages not found yet that hold each of the row's words somewhere; undefined when none does. */
  private candidates(found: Uint8Array): Uint8Array | undefined {
    const candidates = found.map((one) => 1 - one);
    for (const [place, wanted] of this.row.entries()) {
      const holding = this.mark(wanted, 1 << place);
      if (wanted.wordToo) continue;
      let some = 0;
      for (let i = 0; i < candidates.length; i++) some |= candidates[i]! &= holding[i]!;
      if (some === 0) return undefined;
    }
    return candidates;
  }

  /** Marks words that are as wanted; returns who holds them. */
  private mark({ needle, token, wordToo }: Wanted, place: number): Uint8Array {
    const { block, section, places, firstOnce } = this;
    const holding = new Uint8Array(block.messages.length);
    if (token !== '') {
      block.wordsWith(needle, (rank) => {
        block.addPostings(rank, [section], holding);
        places[FIRST_WORD + rank]! |= place;
        return false;
      });
      block.onceWith(section, needle, (number, message) => {
        holding[message] = 1;
        places[firstOnce + number]! |= place;
        return false;
      });
    }
    if (wordToo) this.markWords(place);
    return holding;
  }

  private markWords(place: number): void {
    const { block, section, places } = this;
    let code = FIRST_WORD;
    for (const bytes of [block.words, block.once(section).bytes])
      for (let at = 1; at < bytes.length; code++) {
        const first = bytes[at]!;
        const end = bytes.indexOf(WORD_END, at);
        const word = first < 0x80 ? isWordByte(first) : isWord(bytes.toString('utf8', at, Math.min(at + 4, end)));
        if (word) places[code]! |= place;
        at = end + 1;
      }
  }

  private follows(bytes: Uint8Array, from: number, end: number, firstOnce: number, field: number): boolean {
    const { places, section, row } = this;
    const goal = 1 << (row.length - 1);
    let once = this.firstOnce + firstOnce;
    let active = field < 0;
    let state = 0;
    for (let at = from; at < end; ) {
      let code = bytes[at++]!;
      if (code >= ONE_BYTE) {
        if (code < 248) code = ONE_BYTE + ((code - ONE_BYTE) << 8) + bytes[at++]!;
        else {
          code = codeAt(bytes, at - 1);
          at += codeLength(bytes[at - 1]!) - 1;
        }
      } else if (code === PIECE) {
        state = 0;
        if (section === BODY) continue;
        if (field >= 0) active = codeAt(bytes, at) === field;
        if (active && row.length === 0) return true;
        at += codeLength(bytes[at]!);
        continue;
      } else if (code === ONCE) code = once++;
      state = ((state << 1) | 1) & places[code]!;
      if (state & goal && active) return true;
    }
    return false;
  }

  /** Whether one of the message's texts holds what is wanted. */
  private reads(bytes: Uint8Array, message: number, field: number): boolean {
    const { block, section, wanted } = this;
    for (const { number, text } of block.texts(section, bytes, message))
      if ((field < 0 || number === field) && text.includes(wanted)) return true;
    return false;
  }
}
