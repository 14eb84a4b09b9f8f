import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { RecordingBackend, type SessionSettings, startSession, Wire } from '../kit.test.ts';

const OPEN = 'EHLO c\r\nMAIL FROM:<a@x.test>\r\nRCPT TO:<b@y.test>\r\n';

async function run(sent: string, settings: SessionSettings = {}, lead = OPEN) {
  const wire = new Wire();
  const backend = new RecordingBackend();
  const session = startSession(wire.far, backend, settings);
  wire.write(Buffer.from(lead));
  const skipped = lead.split('\r\n').length;
  await wire.replies(skipped);
  wire.write(Buffer.from(`${sent}QUIT\r\n`, 'latin1'));
  await session.closed;
  const replies = wire.received.trimEnd().split('\r\n');
  return { replies: replies.filter((reply) => !reply.startsWith('221')), backend };
}

describe('BDAT', () => {
  const taken: readonly [string, string, readonly string[], string, SessionSettings?][] = [
    ['one chunk', 'BDAT 4 LAST\r\nhi\r\n', ['250 2.0.0 OK'], 'hi\r\n'],
    ['two chunks', 'BDAT 2\r\nhiBDAT 2 LAST\r\n\r\n', ['250 2.0.0 2 octets received', '250 2.0.0 OK'], 'hi\r\n'],
    ['an empty last', 'BDAT 4\r\nhi\r\nBDAT 0 LAST\r\n', ['250 2.0.0 4 octets received', '250 2.0.0 OK'], 'hi\r\n'],
    ['nothing', 'BDAT 0 LAST\r\n', ['250 2.0.0 OK'], ''],
    ['dots as they are', 'bdat 7 last\r\n.\r\n..\r\n', ['250 2.0.0 OK'], '.\r\n..\r\n'],
    [
      'a CRLF in two chunks',
      'BDAT 3\r\nhi\rBDAT 1 LAST\r\n\n',
      ['250 2.0.0 3 octets received', '250 2.0.0 OK'],
      'hi\r\n',
    ],
    [
      'bare line ends, normalised',
      'BDAT 5 LAST\r\na\nb\rc',
      ['250 2.0.0 OK'],
      'a\r\nb c',
      { bareLineEnds: 'normalise' },
    ],
    ['bare line ends, trusted', 'BDAT 5 LAST\r\na\nb\rc', ['250 2.0.0 OK'], 'a\nb\rc', { trustedBytes: true }],
  ];
  for (const [name, sent, expected, stored, settings] of taken)
    it(`takes ${name}`, async () => {
      const { replies, backend } = await run(sent, settings);
      assert.deepEqual(replies, expected);
      assert.deepEqual(
        backend.taken.map(({ bytes }) => bytes),
        [stored],
      );
    });

  const bare = '550 5.6.0 Message holds a bare CR or LF; lines end with CR LF (RFC 5321 2.3.8)';
  const refused: readonly [string, string, readonly string[], SessionSettings?, string?][] = [
    ['a bare LF', 'BDAT 3 LAST\r\na\nb', [bare]],
    ['a bare CR at the end', 'BDAT 2 LAST\r\na\r', [bare]],
    ['a bare LF, then says it is over', 'BDAT 2\r\na\nBDAT 1 LAST\r\nb', [bare, '503 5.5.1 Send MAIL first']],
    [
      'too much',
      'BDAT 8\r\n12345678BDAT 8 LAST\r\n12345678',
      ['250 2.0.0 8 octets received', '552 5.3.4 Message exceeds 10 bytes'],
      { limits: { messageBytesMax: 10 } },
    ],
    [
      'a count beyond all measure, and closes',
      'BDAT 21\r\n',
      ['552 5.3.4 Message exceeds 10 bytes'],
      { limits: { messageBytesMax: 10 } },
    ],
    ['a count that is none, and closes', 'BDAT x\r\nMAIL FROM:<>\r\n', ['501 5.5.4 Syntax: BDAT size [LAST]']],
    ['a negative count, and closes', 'BDAT -1\r\n', ['501 5.5.4 Syntax: BDAT size [LAST]']],
    ['bytes without a transaction', 'BDAT 6 LAST\r\nNOOP\r\n', ['503 5.5.1 Send MAIL first'], {}, 'EHLO c\r\n'],
    [
      'bytes without recipients',
      'BDAT 6 LAST\r\nNOOP\r\n',
      ['503 5.5.1 No valid recipients'],
      {},
      'EHLO c\r\nMAIL FROM:<>\r\n',
    ],
    ['DATA after it', 'BDAT 1\r\nxDATA\r\n', ['250 2.0.0 1 octets received', '503 5.5.1 Send MAIL first']],
    [
      'RCPT after it',
      'BDAT 1\r\nxRCPT TO:<c@y.test>\r\n',
      ['250 2.0.0 1 octets received', '503 5.5.1 Send MAIL first'],
    ],
  ];
  for (const [name, sent, expected, settings, lead] of refused)
    it(`refuses ${name}`, async () => {
      const { replies, backend } = await run(sent, settings, lead);
      assert.deepEqual(replies, expected);
      assert.deepEqual(backend.taken, []);
    });

  it('is undone by RSET, and a new message may follow', async () => {
    const { replies, backend } = await run(
      'BDAT 3\r\noldRSET\r\nMAIL FROM:<n@x.test>\r\nRCPT TO:<b@y.test>\r\nBDAT 3 LAST\r\nnew',
    );
    assert.deepEqual(replies.at(-1), '250 2.0.0 OK');
    assert.deepEqual(
      backend.taken.map(({ bytes, reversePath }) => [reversePath, bytes]),
      [['n@x.test', 'new']],
    );
  });
});
