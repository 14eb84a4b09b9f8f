import { zstdDecompressSync } from 'node:zlib';
import { assert } from '#stdx';
import {
  BODY,
  FIRST_WORD,
  FORMAT,
  HEAD_INTS,
  HEAD_PART,
  isPacked,
  ONCE,
  oncePart,
  PIECE,
  POSTINGS_PART,
  SAMPLE,
  SECTIONS,
  type Section,
  WORD_END,
} from './block-format.ts';
import { ByteCursor, codeAt, codeLength } from './ints.ts';
import { isWord } from './tokens.ts';

const SAMPLE_BYTES = 12;

/** Words that occur once in the block, of one section: in the order of messages. */
interface OnceWords {
  /** Begun, parted and ended by `WORD_END`. */
  readonly bytes: Buffer;
  /** By message, and one more: the first of its words, and where that begins. */
  readonly starts: Uint32Array;
  readonly offsets: Uint32Array;
}

/** A block, opened: its head, and what is asked for of the rest. Messages and words go by their places in it. */
export class TextBlock {
  readonly messages: Uint32Array;
  readonly unread: Uint8Array;
  /** By section, then by message and one more: where its sequence begins. */
  readonly sequenceStarts: readonly Uint32Array[];
  readonly wordCount: number;
  /** The frequent words, begun, parted and ended by `WORD_END`. */
  readonly words: Buffer;
  readonly fields: readonly string[];
  private readonly samples: DataView;
  private readonly onceStarts: readonly Uint32Array[];
  private readonly onceOffsets: readonly Uint32Array[];
  private frequentWords: readonly string[] | undefined;
  /** By section, and by part: once asked for. */
  private openedOnce: (OnceWords | undefined)[] = [];
  private postings: (Uint8Array | undefined)[] = [];

  /** `read` gives a part, as it is stored. */
  constructor(private readonly read: (part: number) => Uint8Array) {
    const head = read(HEAD_PART);
    const header = new DataView(head.buffer, head.byteOffset, 4 * HEAD_INTS);
    const int = (index: number): number => header.getUint32(4 * index, true);
    if (int(0) !== FORMAT) throw new Error(`text block of format ${int(0)}`);
    const messageCount = int(1);
    this.wordCount = int(2);
    let at = 4 * HEAD_INTS;
    const [table, names, words] = [int(3), int(4), int(5)].map((length) => head.subarray(at, (at += length)));
    const samples = head.subarray(at);
    this.samples = new DataView(samples.buffer, samples.byteOffset, samples.byteLength);
    this.fields = JSON.parse(Buffer.from(names!).toString());
    this.words = unpacked(words!);
    this.messages = new Uint32Array(messageCount);
    this.unread = new Uint8Array(messageCount);
    const starts = () => SECTIONS.map(() => new Uint32Array(messageCount + 1));
    [this.sequenceStarts, this.onceStarts, this.onceOffsets] = [starts(), starts(), starts()];
    this.readTable(new ByteCursor(table!));
  }

  once(section: Section): OnceWords {
    this.openedOnce[section] ??= {
      bytes: unpacked(this.read(oncePart(section))),
      starts: this.onceStarts[section]!,
      offsets: this.onceOffsets[section]!,
    };
    return this.openedOnce[section];
  }

  /**
   * Calls `found` for each frequent word whose bytes, with `WORD_END` before and after it, hold the needle: the more frequent first, until
   * it returns true.
   */
  wordsWith(needle: Buffer, found: (rank: number) => boolean): void {
    const { words, samples } = this;
    const sampleCount = samples.byteLength / SAMPLE_BYTES;
    let rank = 0;
    // Where the word of that rank begins.
    let start = 1;
    for (let hit = words.indexOf(needle); hit >= 0; ) {
      const inside = hit + (needle[0] === WORD_END ? 1 : 0);
      if (inside >= words.length) return;
      let sample = Math.floor(rank / SAMPLE) + 1;
      if (sample < sampleCount && samples.getUint32(SAMPLE_BYTES * sample, true) <= inside) {
        sample = this.sampleBefore(inside, sample);
        rank = sample * SAMPLE;
        start = samples.getUint32(SAMPLE_BYTES * sample, true);
      }
      let end = words.indexOf(WORD_END, start);
      while (end < inside) {
        rank++;
        start = end + 1;
        end = words.indexOf(WORD_END, start);
      }
      if (found(rank)) return;
      // What ends the word may begin the needle of the next.
      hit = words.indexOf(needle, end);
    }
  }

  /** Adds the messages whose section holds the word to the set. Returns how many are new. */
  addPostings(rank: number, wanted: readonly Section[], into: Uint8Array): number {
    const sample = SAMPLE_BYTES * Math.floor(rank / SAMPLE);
    const part = this.samples.getUint32(sample + 4, true);
    this.postings[part] ??= this.read(POSTINGS_PART + part);
    const postings = this.postings[part];
    const cursor = new ByteCursor(postings, this.samples.getUint32(sample + 8, true));
    for (let skipped = rank % SAMPLE; skipped > 0; skipped--) {
      const length = cursor.varint();
      cursor.at += length;
    }
    cursor.varint();
    const mask = postings[cursor.at++]!;
    let added = 0;
    for (const section of SECTIONS) {
      if ((mask & (1 << section)) === 0) continue;
      const length = cursor.varint();
      const end = cursor.at + length;
      if (wanted.includes(section)) {
        if (mask & (8 << section)) added += addBitmap(postings.subarray(cursor.at, end), into);
        else
          for (let message = 0; cursor.at < end; ) {
            message += cursor.varint();
            added += 1 - into[message]!;
            into[message] = 1;
          }
      }
      cursor.at = end;
    }
    return added;
  }

  /**
   * The same for words of the section that occur once: calls `found` with the word's number among them and its message. When that
   * returns true, no more of that message.
   */
  onceWith(section: Section, needle: Buffer, found: (number: number, message: number) => boolean): void {
    const { bytes, starts, offsets } = this.once(section);
    let message = 0;
    for (let hit = bytes.indexOf(needle); hit >= 0; ) {
      const inside = hit + (needle[0] === WORD_END ? 1 : 0);
      if (inside >= bytes.length) return;
      while (offsets[message + 1]! <= inside) message++;
      let number = starts[message]!;
      let end = bytes.indexOf(WORD_END, offsets[message]!);
      for (; end < inside; end = bytes.indexOf(WORD_END, end + 1)) number++;
      hit = bytes.indexOf(needle, found(number, message) ? offsets[message + 1]! - 1 : end);
    }
  }

  sequences(section: Section): Uint8Array {
    const stored = this.read(section);
    const length = this.sequenceStarts[section]!.at(-1)!;
    return isPacked(section) ? zstdDecompressSync(stored, { chunkSize: Math.max(64, length) }) : stored;
  }

  /** What a message's sequence says again: each of its texts, folded, in a header with the number of its field. */
  *texts(
    section: Section,
    sequences: Uint8Array,
    message: number,
  ): Generator<{ readonly number: number; readonly text: string }> {
    const frequent = (this.frequentWords ??= wordsOf(this.words));
    const { bytes, starts, offsets } = this.once(section);
    const once = wordsOf(bytes, offsets[message]!, offsets[message + 1]!);
    assert(once.length === starts[message + 1]! - starts[message]!, 'the words that occur once');
    let [number, text, before, nextOnce] = [-2, '', '', 0];
    const end = this.sequenceStarts[section]![message + 1]!;
    for (let at = this.sequenceStarts[section]![message]!; at < end; ) {
      const code = codeAt(sequences, at);
      at += codeLength(sequences[at]!);
      if (code !== PIECE) {
        const word = code === ONCE ? once[nextOnce++]! : frequent[code - FIRST_WORD]!;
        text += before !== '' && isWord(before) && isWord(word) ? ` ${word}` : word;
        before = word;
        continue;
      }
      if (number !== -2) yield { number, text };
      [number, text, before] = [-1, '', ''];
      if (section === BODY) continue;
      number = codeAt(sequences, at);
      at += codeLength(sequences[at]!);
    }
    if (number !== -2) yield { number, text };
  }

  /** Bytes it keeps. */
  get byteLength(): number {
    const once = this.openedOnce.reduce((sum, one) => sum + (one?.bytes.length ?? 0), 0);
    return 40 * this.messages.length + this.words.length + this.samples.byteLength + once;
  }

  /** After a search: lets go of what the next is not sure to need; with `most`, of all it can. */
  rest(most: boolean): void {
    this.postings = [];
    this.frequentWords = undefined;
    if (most) this.openedOnce = [];
  }

  private readTable(cursor: ByteCursor): void {
    const { messages, unread, onceOffsets } = this;
    const sums = SECTIONS.flatMap((section) => [
      this.sequenceStarts[section]!,
      this.onceStarts[section]!,
      onceOffsets[section]!,
    ]);
    for (const offsets of onceOffsets) offsets[0] = 1;
    let message = 0;
    for (let i = 0; i < messages.length; i++) {
      const step = cursor.varint();
      unread[i] = step % 2;
      message += Math.floor(step / 2);
      messages[i] = message;
      for (const sum of sums) sum[i + 1] = sum[i]! + cursor.varint();
    }
  }

  private sampleBefore(offset: number, from: number): number {
    let low = from;
    let high = this.samples.byteLength / SAMPLE_BYTES - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.samples.getUint32(SAMPLE_BYTES * middle, true) <= offset) low = middle;
      else high = middle - 1;
    }
    return low;
  }
}

/** Of a list that is parted by `WORD_END`, from after one to after another. */
export function wordsOf(bytes: Buffer, from = 1, to = bytes.length): readonly string[] {
  const words: string[] = [];
  for (let at = from; at < to; ) {
    const end = bytes.indexOf(WORD_END, at);
    words.push(bytes.toString('utf8', at, end));
    at = end + 1;
  }
  return words;
}

/** In chunks that are mostly one. */
const unpacked = (bytes: Uint8Array): Buffer =>
  zstdDecompressSync(bytes, { chunkSize: Math.max(4_096, 3 * bytes.length) });

function addBitmap(bitmap: Uint8Array, into: Uint8Array): number {
  let added = 0;
  for (let i = 0; i < into.length; i++)
    if (into[i] === 0 && bitmap[i >> 3]! & (1 << (i & 7))) {
      into[i] = 1;
      added++;
    }
  return added;
}
