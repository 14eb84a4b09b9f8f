import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { common, RELEASE, within } from './release.ts';

describe('a release', () => {
  it('is the version of package.json', () => {
    const text = readFileSync(new URL('../../../package.json', import.meta.url), 'utf8');
    assert.equal(RELEASE.version, (JSON.parse(text) as { version: string }).version);
  });

  it('knows the protocol before its own at most', () => {
    for (const { oldest, newest } of [RELEASE.protocol, RELEASE.features]) assert.ok(oldest <= newest);
    assert.ok(RELEASE.protocol.newest - RELEASE.protocol.oldest <= 1);
  });

  it('speaks with its neighbours and nobody further', () => {
    const at = (newest: number) => ({ oldest: newest - 1, newest });
    assert.deepEqual([common(at(4), at(4)), common(at(4), at(5)), common(at(5), at(4))], [4, 4, 4]);
    assert.deepEqual([common(at(4), at(6)), common(at(6), at(4))], [undefined, undefined]);
    assert.deepEqual([within(3, at(4)), within(4, at(4)), within(5, at(4))], [true, true, false]);
  });
});
