import { describe, it } from 'node:test';
import { seededRandom } from '#stdx';
import { fuzzScript } from './fuzz-checks.ts';

describe('fuzzing (the long run is fuzz.js)', () => {
  it('scripts', () => {
    for (let seed = 0; seed < 4_000; seed++) fuzzScript(seededRandom(seed));
  });
});
