import { foldForSearch, messageText } from '#mailstore/api';
import { unpackBody } from '#protocol/message';
import { BlockBuilder } from './block-builder.ts';
import { type BlockParts, BODY, FIRST_WORD, ONCE, PIECE, SECTIONS, type Section, sectionOf } from './block-format.ts';
import { codeAt, codeLength } from './ints.ts';
import { TextBlock, wordsOf } from './text-block.ts';

/** Characters of one message's texts; one with more is not taken in, and read by every search that may match it. Four books. */
const TEXT_CHARS_MAX = 4 * 1024 * 1024;

export interface TextSource {
  /** Its number in the account. */
  readonly message: number;
  /** `message.body` of its row. */
  readonly structure: string;
  /** As stored; undefined when they cannot be read. */
  readonly bytes: Uint8Array | undefined;
}

/** A block that is to go into another. */
export interface OldBlock {
  readonly parts: BlockParts;
  /** Its messages that are still there; all of them when undefined. */
  readonly alive: readonly number[] | undefined;
}

export interface ComposeJob {
  /** Ascending, and before the texts. */
  readonly blocks: readonly OldBlock[];
  readonly texts: readonly TextSource[];
}

export interface Composed {
  readonly parts: BlockParts;
  readonly messages: number;
}

/** One block of all that the job names. */
export async function compose({ blocks, texts }: ComposeJob): Promise<Composed> {
  const builder = new BlockBuilder();
  for (const block of blocks) replay(block, builder);
  for (const source of texts) await addMessage(source, builder);
  return { parts: builder.build(), messages: builder.messageCount };
}

async function addMessage({ message, structure, bytes }: TextSource, builder: BlockBuilder): Promise<void> {
  if (!bytes) return builder.end(message, true);
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const text = messageText(unpackBody(structure), async (start, end) => buffer.subarray(start, end));
  const fields = (await text.fields()).map(({ name, value }) => ({ name, folded: foldForSearch(value) }));
  const body: string[] = [];
  let chars = fields.reduce((sum, { folded }) => sum + folded.length, 0);
  for (const piece of await text.body()) {
    chars += piece.length;
    if (chars > TEXT_CHARS_MAX) return builder.end(message, true);
    body.push(foldForSearch(piece));
  }
  for (const { name, folded } of fields) {
    const section = sectionOf(name);
    builder.piece(section, name);
    builder.text(section, folded);
  }
  for (const folded of body) {
    builder.piece(BODY);
    builder.text(BODY, folded);
  }
  builder.end(message);
}

/** Says again what a block holds. */
function replay({ parts, alive }: OldBlock, builder: BlockBuilder): void {
  const block = new TextBlock((part) => parts[part]!);
  const kept = alive && new Set(alive);
  const words = wordsOf(block.words);
  const once = SECTIONS.map((section) => wordsOf(block.once(section).bytes));
  const frequent = new Int32Array(words.length).fill(-1);
  const opened = SECTIONS.map((section) => block.sequences(section));
  for (const [i, message] of block.messages.entries()) {
    if (kept && !kept.has(message)) continue;
    for (const section of SECTIONS) {
      const starts = block.sequenceStarts[section]!;
      let nextOnce = block.once(section).starts[i]!;
      eachCode(opened[section]!, starts[i]!, starts[i + 1]!, section, (code, field) => {
        if (code === PIECE) builder.piece(section, field < 0 ? undefined : block.fields[field]);
        else if (code === ONCE) builder.word(section, builder.numberOf(once[section]![nextOnce++]!));
        else {
          const rank = code - FIRST_WORD;
          if (frequent[rank]! < 0) frequent[rank] = builder.numberOf(words[rank]!);
          builder.word(section, frequent[rank]!);
        }
      });
    }
    builder.end(message, block.unread[i] === 1);
  }
}

function eachCode(
  bytes: Uint8Array,
  from: number,
  end: number,
  section: Section,
  each: (code: number, field: number) => void,
): void {
  for (let at = from; at < end; ) {
    const code = codeAt(bytes, at);
    at += codeLength(bytes[at]!);
    if (code !== PIECE || section === BODY) {
      each(code, -1);
      continue;
    }
    each(code, codeAt(bytes, at));
    at += codeLength(bytes[at]!);
  }
}
