import { describe, it } from 'node:test';
import { fuzz, TARGETS } from './run.ts';

describe('parsers hold their laws, whatever comes (the long run is main.js)', () => {
  for (const target of TARGETS) it(target.name, () => void fuzz(target, 3_000, 1));
});
