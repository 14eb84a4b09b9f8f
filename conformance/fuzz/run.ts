import { seededRandom, systemClock } from '#stdx';
import type { FuzzTarget } from './target.ts';
import { HANDOVER_TARGETS } from './targets/handover.ts';
import { IMAP_TARGETS } from './targets/imap.ts';
import { LINE_TARGETS } from './targets/lines.ts';
import { MAIL_TARGETS } from './targets/mail.ts';
import { SMTP_TARGETS } from './targets/smtp.ts';

/** Every parser of bytes that strangers send. */
export const TARGETS: readonly FuzzTarget[] = [
  ...MAIL_TARGETS,
  ...IMAP_TARGETS,
  ...LINE_TARGETS,
  ...SMTP_TARGETS,
  ...HANDOVER_TARGETS,
];

/** No input may take longer: they are a few hundred bytes, and pauses of a busy machine are below it. */
const INPUT_MS_MAX = 3_000;
/** What may stay allocated after a run, garbage and compiled code included. */
const GROWTH_BYTES_MAX = 256 * 1024 * 1024;

export interface FuzzReport {
  readonly inputs: number;
  readonly seconds: number;
  readonly slowestMs: number;
  /** Heap grown from first to last. */
  readonly grownBytes: number;
}

/** Feeds `target` inputs with the seeds `first`, `first` + 1 …; throws with the seed of one that breaks a law, takes too long, or keeps too much. */
export function fuzz(
  target: FuzzTarget,
  inputs: number,
  first: number,
  progress = (_done: number): void => {},
): FuzzReport {
  const begunAt = systemClock.monotonic();
  const heapBefore = process.memoryUsage().heapUsed;
  let slowestMs = 0;
  for (let seed = first; seed < first + inputs; seed++) {
    const startedAt = systemClock.monotonic();
    try {
      target.check(seededRandom(seed));
    } catch (cause) {
      throw new Error(`${target.name}: seed ${seed}: ${cause}`, { cause });
    }
    const tookMs = systemClock.monotonic() - startedAt;
    if (tookMs > INPUT_MS_MAX) throw new Error(`${target.name}: seed ${seed} takes ${Math.round(tookMs)} ms`);
    slowestMs = Math.max(slowestMs, tookMs);
    if ((seed - first + 1) % 100_000 === 0) progress(seed - first + 1);
  }
  const grownBytes = process.memoryUsage().heapUsed - heapBefore;
  if (grownBytes > GROWTH_BYTES_MAX) throw new Error(`${target.name}: keeps ${grownBytes} bytes`);
  return { inputs, seconds: (systemClock.monotonic() - begunAt) / 1_000, slowestMs, grownBytes };
}
