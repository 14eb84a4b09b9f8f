import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { decodeHubRequest, encodeHubRequest } from './hub-request.ts';
import { decodeMark, encodeMark, MARK_STATE_BYTES_MAX } from './mark.ts';

describe('a mark', () => {
  it('comes back as it went', () => {
    const state = Buffer.from([0, 255, 10, 13]);
    const { answered, state: back } = decodeMark(encodeMark({ answered: 7, state }));
    assert.equal(answered, 7);
    assert.deepEqual(Buffer.from(back), state);
  });

  it('has a size', () => {
    assert.throws(() => encodeMark({ answered: 0, state: Buffer.alloc(MARK_STATE_BYTES_MAX + 1) }), RangeError);
    assert.throws(() => decodeMark(Buffer.alloc(3)), RangeError);
    assert.throws(() => decodeMark(Buffer.alloc(MARK_STATE_BYTES_MAX + 5)), RangeError);
  });
});

describe('a request to a hub', () => {
  it('comes back as it went', () => {
    const request = { kind: 'compress', tag: 'a1', answered: 7 } as const;
    assert.deepEqual(decodeHubRequest(encodeHubRequest(request)), request);
  });

  for (const wrong of ['[]', '{}', '["compress","a"]', '["erase","a",1]', 'null'])
    it(`is not ${wrong}`, () => assert.throws(() => decodeHubRequest(Buffer.from(wrong)), RangeError));
});
