import { BODY, SECTIONS, type Section, sectionOf, WORD_END } from './block-format.ts';
import { RowScan, type Wanted } from './row-scan.ts';
import type { TextBlock } from './text-block.ts';
import { patternsOf, type TokenPattern } from './tokens.ts';

/** A text that is looked for, made ready for block after block. */
export interface TextQuery {
  readonly sections: readonly Section[];
  /** In the values of this header field only, in lower case. */
  readonly field: string | undefined;
  readonly wanted: string;
  /** One of these rows; none when any text will do. */
  readonly patterns: readonly (readonly Wanted[])[];
}

/** `wanted` is folded. A field's name is in lower case. */
export function textQuery(where: 'header' | 'body' | 'text', field: string | undefined, wanted: string): TextQuery {
  const place = where === 'body' ? [BODY] : where === 'text' ? SECTIONS : [sectionOf(field ?? '')];
  const patterns = wanted === '' ? [] : patternsOf(wanted);
  return {
    sections: place,
    field: where === 'header' ? field : undefined,
    wanted,
    patterns: patterns.map((row) => row.map((pattern) => ({ ...pattern, needle: needleOf(pattern) }))),
  };
}

function needleOf({ token, place }: TokenPattern): Buffer {
  const end = Buffer.of(WORD_END);
  const before = place === 'whole' || place === 'start';
  const after = place === 'whole' || place === 'end';
  return Buffer.concat([...(before ? [end] : []), Buffer.from(token), ...(after ? [end] : [])]);
}

/** Marks the block's messages that hold what is looked for. */
export function searchBlock(block: TextBlock, query: TextQuery): Uint8Array {
  const { sections, field, wanted, patterns } = query;
  const found = new Uint8Array(block.messages.length);
  if (patterns.length === 0 && field === undefined) anyText(block, sections, found);
  for (const row of patterns.length > 0 ? patterns : [[]])
    if (row.length === 1 && field === undefined) holders(block, row[0]!, sections, found);
    else if (row.length > 0 || field !== undefined)
      for (const section of sections) new RowScan(block, row, section, field, wanted).run(found);
  return found;
}

/** Adds the messages one of whose words is as wanted; it need not look on once all that can have been found. */
function holders(block: TextBlock, { needle }: Wanted, sections: readonly Section[], found: Uint8Array): void {
  let open = -found.reduce((sum, one) => sum + one, 0);
  for (let i = 0; i < found.length; i++) if (sections.some((section) => hasWords(block, section, i))) open++;
  if (open <= 0) return;
  block.wordsWith(needle, (rank) => (open -= block.addPostings(rank, sections, found)) <= 0);
  if (open <= 0) return;
  for (const section of sections)
    block.onceWith(section, needle, (_, message) => {
      found[message] = 1;
      return true;
    });
}

/** Certain when it says no. */
function hasWords({ sequenceStarts }: TextBlock, section: Section, message: number): boolean {
  const starts = sequenceStarts[section]!;
  return starts[message + 1]! - starts[message]! > (section === BODY ? 1 : 2);
}

function anyText(block: TextBlock, sections: readonly Section[], found: Uint8Array): void {
  for (const section of sections) {
    const starts = block.sequenceStarts[section]!;
    for (let i = 0; i < found.length; i++) if (starts[i + 1]! > starts[i]!) found[i] = 1;
  }
}
