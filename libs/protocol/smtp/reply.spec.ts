import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { seededRandom } from '#stdx';
import { isStaleReply, REPLY_LINE_BYTES_MAX, type SmtpReply, serializeReply, smtpReply, staleReply } from './reply.ts';
import { ReplyReader, ReplySyntaxError } from './reply-reader.ts';

function read(text: string, step = text.length): SmtpReply[] {
  const replies: SmtpReply[] = [];
  const reader = new ReplyReader((reply) => replies.push(reply));
  for (let at = 0; at < text.length; at += step) reader.push(Buffer.from(text.slice(at, at + step), 'latin1'));
  return replies;
}

describe('replies', () => {
  const written: readonly [SmtpReply, string][] = [
    [{ code: 250, text: 'OK' }, '250 OK\r\n'],
    [smtpReply(250, '2.0.0', 'OK'), '250 2.0.0 OK\r\n'],
    [{ code: 250, text: ['a', 'b'] }, '250-a\r\n250 b\r\n'],
    [{ code: 550, enhanced: '5.1.1', text: ['a', 'b'] }, '550-5.1.1 a\r\n550 5.1.1 b\r\n'],
    [{ code: 250, text: 'a\r\n250 forged' }, '250 a??250 forged\r\n'],
    [{ code: 250, text: 'ü' }, '250 ?\r\n'],
    [{ code: 250, text: [] }, '250 \r\n'],
  ];
  for (const [reply, expected] of written)
    it(`writes ${JSON.stringify(expected)}`, () => assert.equal(serializeReply(reply), expected));

  it('keeps lines within 512 bytes', () => {
    const [line = ''] = serializeReply(smtpReply(550, '5.7.999', 'x'.repeat(2_000))).split(/(?<=\n)/);
    assert.ok(line.length <= REPLY_LINE_BYTES_MAX);
  });

  const readRows: readonly [string, SmtpReply[]][] = [
    ['250 OK\r\n', [{ code: 250, text: 'OK' }]],
    ['250 2.1.0 Sender ok\r\n', [{ code: 250, enhanced: '2.1.0', text: 'Sender ok' }]],
    ['250\r\n', [{ code: 250, text: '' }]],
    ['354 go\n', [{ code: 354, text: 'go' }]],
    ['550-5.1.1 a\r\n550 5.1.1 b\r\n', [{ code: 550, enhanced: '5.1.1', text: ['a', 'b'] }]],
    ['250-mx\r\n250-SIZE 1\r\n250 DSN\r\n', [{ code: 250, text: ['mx', 'SIZE 1', 'DSN'] }]],
    ['250 192.0.2 x\r\n', [{ code: 250, text: '192.0.2 x' }]],
    [
      '250 a\r\n354 b\r\n',
      [
        { code: 250, text: 'a' },
        { code: 354, text: 'b' },
      ],
    ],
  ];
  for (const [text, expected] of readRows)
    it(`reads ${JSON.stringify(text)}`, () => {
      assert.deepEqual(read(text), expected);
      assert.deepEqual(read(text, 1), expected);
    });

  const bad = [
    'hello\r\n',
    '25 x\r\n',
    '650 x\r\n',
    '250x\r\n',
    '250-a\r\n251 b\r\n',
    'x'.repeat(9_000),
    '250-a\r\n'.repeat(300),
  ];
  for (const text of bad)
    it(`refuses ${JSON.stringify(text.slice(0, 20))}`, () => assert.throws(() => read(text), ReplySyntaxError));

  it('knows a stale answer after its journey', () => {
    for (const reply of [staleReply('v1'), staleReply('v1', 3)])
      assert.ok(isStaleReply(read(serializeReply(reply))[0]!));
    assert.ok(!isStaleReply(smtpReply(451, '4.3.0', 'STALE')));
  });

  it('reads anything, or throws its own error', () => {
    const random = seededRandom(5);
    for (let round = 0; round < 5_000; round++) {
      let text = '';
      for (let i = 0; i < 8; i++)
        text += ['250', '-', ' ', '\r\n', '\n', 'x', '4.1.1', '\0'][Math.floor(random.fraction() * 8)];
      try {
        read(text, 3);
      } catch (error) {
        assert.ok(error instanceof ReplySyntaxError);
      }
    }
  });
});
