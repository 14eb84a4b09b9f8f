import { constants, zstdCompressSync } from 'node:zlib';
import {
  type BlockParts,
  BODY,
  FIRST_WORD,
  FORMAT,
  isPacked,
  ONCE,
  PIECE,
  POSTINGS_BYTES,
  SAMPLE,
  SECTIONS,
  type Section,
  WORD_END,
} from './block-format.ts';
import { ByteList, IntList, pushCode } from './ints.ts';
import { eachToken } from './tokens.ts';

/** Higher levels win one part in two hundred for five times the work. */
const FAST = { params: { [constants.ZSTD_c_compressionLevel]: 1 } };

interface BuiltMessage {
  readonly message: number;
  /** Where its part of each section's stream ends. */
  readonly ends: readonly number[];
  /** Its texts are not here. */
  readonly unread: boolean;
}

/** Gathers messages, ascending, and writes the block they make. Streams are as sequences are, but words have the numbers of their coming. */
export class BlockBuilder {
  private readonly numbers = new Map<string, number>();
  private readonly words: string[] = [];
  private readonly occurrences = new IntList();
  private readonly fieldNumbers = new Map<string, number>();
  private readonly streams = SECTIONS.map(() => new IntList());
  private readonly messages: BuiltMessage[] = [];

  /** Begins one of the message's texts; `field` is the header field it is of, in lower case. */
  piece(section: Section, field?: string): void {
    const stream = this.streams[section]!;
    stream.push(PIECE);
    if (field === undefined) return;
    let number = this.fieldNumbers.get(field);
    if (number === undefined) this.fieldNumbers.set(field, (number = this.fieldNumbers.size));
    stream.push(number);
  }

  /** Number of a word, for `word`. */
  numberOf(token: string): number {
    let number = this.numbers.get(token);
    if (number === undefined) {
      number = this.words.length;
      this.numbers.set(token, number);
      this.words.push(token);
      this.occurrences.push(0);
    }
    return number;
  }

  word(section: Section, number: number): void {
    this.occurrences.add(number, 1);
    this.streams[section]!.push(FIRST_WORD + number);
  }

  /** The words of a folded text. */
  text(section: Section, folded: string): void {
    eachToken(folded, (token) => this.word(section, this.numberOf(token)));
  }

  /** All of the message has been said. */
  end(message: number, unread = false): void {
    this.messages.push({ message, ends: this.streams.map(({ length }) => length), unread });
  }

  get messageCount(): number {
    return this.messages.length;
  }

  build(): BlockParts {
    const { words, occurrences } = this;
    const frequent = words.map((_, number) => number).filter((number) => occurrences.get(number) > 1);
    frequent.sort((a, b) => occurrences.get(b) - occurrences.get(a) || a - b);
    const codes = new Uint32Array(words.length).fill(ONCE);
    for (const [rank, number] of frequent.entries()) codes[number] = FIRST_WORD + rank;
    const sections = SECTIONS.map((section) => this.section(section, codes));
    const postings = SECTIONS.map((section) => this.postings(section, codes, frequent.length));
    const table = this.table(sections);
    const names = Buffer.from(JSON.stringify([...this.fieldNumbers.keys()]));
    const list = sampledWords(frequent.map((number) => words[number]!));
    const lists = new PostingsWriter(postings, Math.ceil(this.messages.length / 8)).parts(frequent.length);
    const packedWords = zstdCompressSync(list.bytes, FAST);
    const samples = Uint32Array.from(list.samples.flatMap((start, i) => [start, ...lists.places[i]!]));
    const ints = [
      FORMAT,
      this.messages.length,
      frequent.length,
      ...[table, names, packedWords].map(({ length }) => length),
    ];
    const head = [bytesOf(Uint32Array.from(ints)), table, names, packedWords, bytesOf(samples)];
    return [
      ...sections.map(({ sequence }, i) => (isPacked(SECTIONS[i]!) ? zstdCompressSync(sequence, FAST) : sequence)),
      Buffer.concat(head),
      ...sections.map(({ once }) => zstdCompressSync(once, FAST)),
      ...lists.parts,
    ];
  }

  private section(section: Section, codes: Uint32Array): BuiltSection {
    const stream = this.streams[section]!;
    const sequence = new ByteList();
    const once = new ByteList();
    const table: (readonly [number, number, number])[] = [];
    once.push(WORD_END);
    let at = 0;
    for (const { ends } of this.messages) {
      const [sequenceStart, onceStart] = [sequence.length, once.length];
      let count = 0;
      while (at < ends[section]!) {
        const value = stream.get(at++);
        if (value === PIECE) {
          sequence.push(PIECE);
          if (section !== BODY) pushCode(sequence, stream.get(at++));
          continue;
        }
        const code = codes[value - FIRST_WORD]!;
        pushCode(sequence, code);
        if (code !== ONCE) continue;
        once.append(Buffer.from(this.words[value - FIRST_WORD]!));
        once.push(WORD_END);
        count++;
      }
      table.push([sequence.length - sequenceStart, count, once.length - onceStart]);
    }
    return { sequence: sequence.taken(), once: once.taken(), table };
  }

  private table(sections: readonly BuiltSection[]): Buffer {
    const bytes = new ByteList();
    let before = 0;
    for (const [i, { message, unread }] of this.messages.entries()) {
      bytes.varint(2 * (message - before) + (unread ? 1 : 0));
      before = message;
      for (const { table } of sections) for (const number of table[i]!) bytes.varint(number);
    }
    return bytes.taken();
  }

  /** Messages of each frequent word, by its rank. */
  private postings(section: Section, codes: Uint32Array, ranks: number): Postings {
    const starts = new Uint32Array(ranks + 1);
    const each = (found: (rank: number, message: number) => void): void => {
      const stream = this.streams[section]!;
      const last = new Int32Array(ranks).fill(-1);
      let at = 0;
      for (const [i, { ends }] of this.messages.entries()) {
        while (at < ends[section]!) {
          const value = stream.get(at++);
          if (value === PIECE) {
            if (section !== BODY) at++;
            continue;
          }
          const rank = codes[value - FIRST_WORD]! - FIRST_WORD;
          if (rank < 0 || last[rank] === i) continue;
          last[rank] = i;
          found(rank, i);
        }
      }
    };
    each((rank) => starts[rank + 1]!++);
    for (let rank = 0; rank < ranks; rank++) starts[rank + 1]! += starts[rank]!;
    const messages = new Uint32Array(starts[ranks]!);
    const next = starts.slice();
    each((rank, message) => {
      messages[next[rank]!++] = message;
    });
    return { starts, messages };
  }
}

interface BuiltSection {
  readonly sequence: Buffer;
  readonly once: Buffer;
  /** Of each message: bytes of its sequence, its once-words, their bytes. */
  readonly table: readonly (readonly [number, number, number])[];
}

interface Postings {
  readonly starts: Uint32Array;
  readonly messages: Uint32Array;
}

function sampledWords(words: readonly string[]): { readonly bytes: Buffer; readonly samples: readonly number[] } {
  const bytes = new ByteList();
  const samples: number[] = [];
  bytes.push(WORD_END);
  for (const [rank, word] of words.entries()) {
    if (rank % SAMPLE === 0) samples.push(bytes.length);
    bytes.append(Buffer.from(word));
    bytes.push(WORD_END);
  }
  return { bytes: bytes.taken(), samples };
}

class PostingsWriter {
  private readonly entry = new ByteList();
  private readonly distances = new ByteList();

  constructor(
    private readonly sections: readonly Postings[],
    private readonly bitmapBytes: number,
  ) {}

  /** For every `SAMPLE`th word the part, and where in it. */
  parts(ranks: number): { readonly parts: readonly Buffer[]; readonly places: readonly (readonly [number, number])[] } {
    const parts: Buffer[] = [];
    const places: [number, number][] = [];
    let open = new ByteList();
    for (let rank = 0; rank < ranks; rank++) {
      if (rank % SAMPLE === 0) {
        if (open.length >= POSTINGS_BYTES) {
          parts.push(open.taken());
          open = new ByteList();
        }
        places.push([parts.length, open.length]);
      }
      this.push(open, rank);
    }
    if (open.length > 0) parts.push(open.taken());
    return { parts, places };
  }

  private push(to: ByteList, rank: number): void {
    const { entry, distances, bitmapBytes } = this;
    entry.clear();
    let mask = 0;
    for (const [section, { starts, messages }] of this.sections.entries()) {
      const [from, end] = [starts[rank]!, starts[rank + 1]!];
      if (from === end) continue;
      mask |= 1 << section;
      distances.clear();
      for (let i = from; i < end; i++) distances.varint(messages[i]! - (i === from ? 0 : messages[i - 1]!));
      if (distances.length <= bitmapBytes) {
        entry.varint(distances.length);
        entry.append(distances.taken());
      } else {
        mask |= 8 << section;
        const bitmap = Buffer.alloc(bitmapBytes);
        for (let i = from; i < end; i++) bitmap[messages[i]! >> 3]! |= 1 << (messages[i]! & 7);
        entry.varint(bitmapBytes);
        entry.append(bitmap);
      }
    }
    to.varint(entry.length + 1);
    to.push(mask);
    to.append(entry.taken());
  }
}

const bytesOf = (ints: Uint32Array): Buffer => Buffer.from(ints.buffer, ints.byteOffset, ints.byteLength);
