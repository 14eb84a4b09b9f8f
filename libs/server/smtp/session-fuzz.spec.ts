import assert from 'node:assert/strict';
import { duplexPair } from 'node:stream';
import { describe, it } from 'node:test';
import { type Random, seededRandom } from '#stdx';
import { passwordAuthentication } from '#testing';
import { RecordingBackend, startSession } from './kit.test.ts';
import type { SmtpMode } from './settings.ts';

const PIECES = [
  'EHLO c\r\n',
  'LHLO c\r\n',
  'HELO c\r\n',
  'MAIL FROM:<a@x.test>\r\n',
  'MAIL FROM:<a@x.test> SIZE=10 SMTPUTF8\r\n',
  'RCPT TO:<b@y.test>\r\n',
  'RCPT TO:<nobody@y.test>\r\n',
  'DATA\r\n',
  'some text\r\n',
  '..stuffed\r\n',
  '.\r\n',
  '\r\n.\r\n',
  '\n.\n',
  '\n',
  '\r',
  'BDAT 5\r\nhello',
  'BDAT 2 LAST\r\n\r\n',
  'BDAT 5 LAST\r\na\nb\r\n',
  'BDAT 0 LAST\r\n',
  'RSET\r\n',
  'NOOP\r\n',
  'VRFY x\r\n',
  'AUTH PLAIN AGEAYg==\r\n',
  'AUTH LOGIN\r\nYQ==\r\n',
  'STARTTLS\r\n',
  'JUNK\xff\r\n',
  '\0\r\n',
  `NOOP ${'x'.repeat(5_000)}\r\n`,
];

/** The session's whole answer, and what it took, when `sent` arrives cut at `cuts`. */
async function run(sent: Buffer, mode: SmtpMode, cuts: readonly number[]) {
  const [near, far] = duplexPair();
  const backend = new RecordingBackend();
  backend.authentication = passwordAuthentication(() => ({ accountId: '1', email: 'a', partnerId: 'p' }));
  const session = startSession(far, backend, {
    mode,
    plainAuth: true,
    limits: { errorsMax: 1_000, errorsUndelayed: 1_000, messageBytesMax: 200 },
  });
  let text = '';
  near.on('data', (chunk: Buffer) => {
    text += chunk.toString('latin1');
  });
  near.on('end', () => near.end());
  let from = 0;
  for (const to of [...cuts, sent.length]) {
    if (near.writable) near.write(sent.subarray(from, to));
    from = to;
    if (cuts.length > 0) await new Promise((resolve) => setImmediate(resolve));
  }
  near.end();
  await session.closed;
  return { text, taken: backend.taken };
}

function commands(random: Random): Buffer {
  const length = 3 + Math.floor(random.fraction() * 25);
  const text = Array.from({ length }, () => PIECES[Math.floor(random.fraction() * PIECES.length)]).join('');
  // Half of them begin as a session should, so that they get far.
  return Buffer.from(random.fraction() < 0.5 ? `EHLO c\r\n${PIECES[3]}${PIECES[5]}${text}` : text, 'latin1');
}

describe('SmtpSession, fuzzed', () => {
  it('answers whatever comes in the words of the protocol, the same however it is cut', async () => {
    const random = seededRandom(2026);
    for (let round = 0; round < 400; round++) {
      const mode = (['smtp', 'submission', 'lmtp'] as const)[round % 3]!;
      const sent = commands(random);
      const whole = await run(sent, mode, []);
      const label = `round ${round}: ${JSON.stringify(sent.toString('latin1'))}`;
      for (const line of whole.text.split('\r\n').slice(0, -1))
        assert.match(line, /^[2345]\d\d[ -][\x20-\x7e]*$/, label);
      for (const { bytes, forwardPaths } of whole.taken) {
        assert.doesNotMatch(bytes.replaceAll('\r\n', ''), /[\r\n]/, label);
        assert.ok(forwardPaths.length > 0 && bytes.length <= 200, label);
      }
      const cuts = Array.from({ length: 6 }, () => Math.floor(random.fraction() * sent.length)).sort((a, b) => a - b);
      assert.deepEqual(await run(sent, mode, cuts), whole, label);
    }
  });
});
