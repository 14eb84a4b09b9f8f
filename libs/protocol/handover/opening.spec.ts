import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { decodeOpening, encodeOpening, type SessionOpening } from './opening.ts';

const opening: SessionOpening = {
  kind: 'imap',
  accountId: 'a',
  email: 'a@x.test',
  partnerId: 'p',
  quotaBytes: 5,
  volumeId: 'v',
  epoch: 3,
  clientAddress: '192.0.2.1',
  tls: true,
  tag: 'a1',
  sessionId: 's',
};

describe('the opening of a session', () => {
  it('comes back as it went', () => {
    assert.deepEqual(decodeOpening(encodeOpening(opening)), opening);
  });

  for (const [name, value] of [
    ['kind', 'smtp'],
    ['kind', undefined],
    ['accountId', 7],
    ['epoch', '3'],
    ['epoch', 1.5],
    ['tls', 'yes'],
    ['tag', 1],
    ['mark', {}],
    ['email', null],
  ] as const)
    it(`is refused with ${name} ${JSON.stringify(value)}`, () => {
      const wrong = Buffer.from(JSON.stringify({ ...opening, [name]: value }));
      assert.throws(() => decodeOpening(wrong), RangeError);
    });

  it('is refused when it is noise, with a RangeError', () => {
    fc.assert(
      fc.property(fc.oneof(fc.json(), fc.string()), (text) => {
        assert.throws(() => decodeOpening(Buffer.from(text)), RangeError);
      }),
    );
  });
});
