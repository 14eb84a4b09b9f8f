import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { COMMANDS } from './commands/index.ts';
import { EXTENSIONS } from './extensions.ts';
import { supportTable } from './support-table.ts';

describe('the support table', () => {
  it('is what docs/imap.md says', () => {
    const file = join(import.meta.dirname, '../../../../docs/imap.md');
    assert.equal(readFileSync(file, 'utf8'), supportTable(), 'run node tools/imap-support.mjs');
  });

  it('names commands that are there', () => {
    for (const { capability, commands } of EXTENSIONS)
      for (const name of commands) assert.ok(COMMANDS.has(name), `${capability} needs ${name}`);
  });

  it('never lets EXPUNGE into an answer by sequence number', () => {
    for (const name of ['FETCH', 'STORE', 'SEARCH']) {
      assert.equal(COMMANDS.get(name)?.breaksSequences, false, name);
      assert.equal(COMMANDS.get(`UID ${name}`)?.breaksSequences, true, name);
    }
  });
});
