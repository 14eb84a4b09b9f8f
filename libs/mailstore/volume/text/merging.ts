import type { TextSource } from './compose.ts';
import type { BlockRow } from './text-index.ts';

/** Messages of a block, or kilobytes: past that it is left as it is. A search then looks into one after the other in a few milliseconds each. */
const SIZE_MAX = 4_096;
/** That many blocks of one size become one of the next. */
const FAN_IN = 4;

/**
 * Which of an account's newest blocks (newest first) go into one with new texts, so that blocks grow by fours as mail comes: a message
 * is written some six times at most, and an account has no more than three blocks of each size below the largest.
 */
export function blocksToMerge(blocks: readonly BlockRow[], texts: readonly TextSource[]): readonly BlockRow[] {
  let size = sizeOf(
    texts.length,
    // About what is left of them.
    texts.reduce((sum, { bytes }) => sum + (bytes?.length ?? 0), 0) / 2,
  );
  let merged = 0;
  for (;;) {
    let run = 0;
    let sum = size;
    for (let i = merged; i < blocks.length && tierOf(blockSize(blocks[i]!)) <= tierOf(size); i++, run++) {
      if (sum + blockSize(blocks[i]!) > SIZE_MAX) break;
      sum += blockSize(blocks[i]!);
    }
    if (run < FAN_IN - 1) return blocks.slice(0, merged).reverse();
    merged += run;
    size = sum;
  }
}

const blockSize = ({ messages, bytes }: BlockRow): number => sizeOf(messages, bytes);
const sizeOf = (messages: number, bytes: number): number => Math.max(messages, bytes / 1_024);
const tierOf = (size: number): number => Math.floor(Math.log(Math.max(size, 1)) / Math.log(FAN_IN));
