import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type ByteStream, collect } from '#stdx';
import { begun, closePiece } from './piece.ts';

describe('a stream that has begun', () => {
  let isOpen = false;
  async function* source(): ByteStream {
    isOpen = true;
    try {
      yield Buffer.from('one');
      yield Buffer.from('two');
    } finally {
      isOpen = false;
    }
  }

  it('gives all of it', async () => {
    assert.equal((await collect(await begun(source()), 10)).toString(), 'onetwo');
    assert.equal(isOpen, false);
  });

  it('lets go of its source when nobody reads it', async () => {
    const chunks = await begun(source());
    assert.equal(isOpen, true);
    await closePiece({ kind: 'stream', size: 6, chunks });
    assert.equal(isOpen, false);
  });

  it('and when reading breaks off', async () => {
    for await (const chunk of await begun(source())) {
      assert.equal(chunk.length, 3);
      break;
    }
    assert.equal(isOpen, false);
  });
});
