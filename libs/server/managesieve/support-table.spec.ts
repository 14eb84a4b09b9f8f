import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { it } from 'node:test';
import { supportTable } from './support-table.ts';

it('the support table is what docs/sieve.md says', () => {
  const file = join(import.meta.dirname, '../../../../docs/sieve.md');
  assert.equal(readFileSync(file, 'utf8'), supportTable(), 'run node tools/sieve-support.mjs');
});
