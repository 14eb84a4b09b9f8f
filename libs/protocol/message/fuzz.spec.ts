import { describe, it } from 'node:test';
import { seededRandom } from '#stdx';
import { fuzzDecoders, fuzzHeaders, fuzzStructure } from './fuzz-checks.ts';
import { SEEDS } from './fuzz-seeds.ts';

describe('fuzzing (the long run is fuzz.js)', () => {
  it('message structure', () => {
    for (let seed = 0; seed < 3_000; seed++)
      fuzzStructure(seededRandom(seed), seed % 4 ? null : SEEDS[(seed >> 2) % SEEDS.length]!);
  });
  it('headers', () => {
    for (let seed = 0; seed < 4_000; seed++) fuzzHeaders(seededRandom(seed));
  });
  it('decoders', () => {
    for (let seed = 0; seed < 4_000; seed++) fuzzDecoders(seededRandom(seed));
  });
});
