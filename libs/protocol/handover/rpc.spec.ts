import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { decodeRpcReply, decodeRpcRequest, encodeRpcLine } from './rpc.ts';

describe('rpc lines', () => {
  it('read back as written', () => {
    const request = { id: 1, method: 'volume', params: { volumeId: 'v', epoch: 3 } } as const;
    assert.deepEqual(decodeRpcRequest(encodeRpcLine(request)), request);
    for (const reply of [
      { id: 1, result: { bytes: 7 } },
      { id: 2, error: { code: 'STALE', text: 'epoch 4' } },
    ] as const)
      assert.deepEqual(decodeRpcReply(encodeRpcLine(reply)), reply);
  });

  for (const line of [
    '',
    'null',
    '7',
    '[]',
    '{}',
    '{"id":"1","result":{}}',
    '{"id":1}',
    '{"id":1,"method":3}',
    '{"id":1,"resu',
  ])
    it(`refuses ${JSON.stringify(line)}`, () => {
      assert.equal(decodeRpcReply(line), undefined);
      assert.equal(decodeRpcRequest(line), undefined);
    });
});
