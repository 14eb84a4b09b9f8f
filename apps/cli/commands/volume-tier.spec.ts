import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { UsageError } from '../failure.ts';
import { rulesOf } from './volume-tier.ts';

describe('rules of the cold tier', () => {
  for (const [text, rules] of [
    ['365', [{ afterDays: 365, minBytes: 0 }]],
    ['365d, 90:1MiB', [365, 90].map((afterDays, i) => ({ afterDays, minBytes: i * 1_048_576 }))],
    ['none', []],
  ] as const)
    it(`are read from ${text}`, () => assert.deepEqual(rulesOf(text), rules));

  for (const text of ['', 'a', '365:', '365:big', '-1', '1,,2'])
    it(`are none in ${JSON.stringify(text)}`, () => assert.throws(() => rulesOf(text), UsageError));
});
