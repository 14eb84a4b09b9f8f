import type { Random } from '#stdx';

const below = (random: Random, count: number): number => Math.floor(random.fraction() * count);

export const pick = <T>(random: Random, choices: readonly T[]): T => choices[below(random, choices.length)]!;

/** Up to `most` pieces strung together, now and then with noise between them. */
export function heap(random: Random, pieces: readonly string[], most: number): Buffer {
  let text = '';
  for (let i = 1 + below(random, most); i > 0; i--)
    text += random.fraction() < 0.03 ? random.bytes(1 + below(random, 8)).toString('latin1') : pick(random, pieces);
  return Buffer.from(text, 'latin1');
}

/** `seed` with a few places cut, doubled, overwritten, or with a piece put in. */
export function mutated(random: Random, seed: Buffer, pieces: readonly string[]): Buffer {
  let bytes = Buffer.from(seed);
  for (let i = 1 + below(random, 4); i > 0; i--) {
    const at = below(random, bytes.length + 1);
    const end = Math.min(bytes.length, at + below(random, 6));
    const piece = Buffer.from(pick(random, pieces), 'latin1');
    const between = pick(random, [piece, Buffer.alloc(0), bytes.subarray(at, end), random.bytes(1)]);
    bytes = Buffer.concat([bytes.subarray(0, at), between, bytes.subarray(pick(random, [at, end]))]);
  }
  return bytes;
}

/** The same bytes in pieces of random length. */
export function* cut(random: Random, bytes: Buffer): Generator<Buffer> {
  const longest = pick(random, [1, 3, 10, 1_000]);
  for (let at = 0; at < bytes.length; ) {
    const end = at + 1 + below(random, longest);
    yield bytes.subarray(at, end);
    at = end;
  }
}

/** Runs `parse`; passes over errors of the kinds it may throw. */
export function tolerating(kinds: readonly (abstract new (...args: never[]) => Error)[], parse: () => unknown): void {
  try {
    parse();
  } catch (error) {
    if (!kinds.some((kind) => error instanceof kind)) throw error;
  }
}
