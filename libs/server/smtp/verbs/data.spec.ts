import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { collect } from '#stdx';
import {
  ALIVE,
  converse,
  HELLO,
  MAIL,
  RCPT,
  RecordingBackend,
  type Step,
  startSession,
  talk,
  Wire,
} from '../kit.test.ts';

const GO: Step = ['DATA', '354 End data with <CR><LF>.<CR><LF>'];

describe('DATA', () => {
  const bodies: readonly [string, string, string][] = [
    ['one line', 'hi\r\n.', 'hi\r\n'],
    ['nothing', '.', ''],
    ['stuffed dots', '..a\r\n...\r\n..\r\n.', '.a\r\n..\r\n.\r\n'],
    ['eight bits', 'gr\xfc\xdfe\r\n.', 'gr\xc3\xbc\xc3\x9fe\r\n'],
  ];
  for (const [name, sent, stored] of bodies)
    it(`hands on ${name}`, async () => {
      const backend = await converse([HELLO, MAIL, RCPT, GO, [sent, '250 2.0.0 OK'], ALIVE]);
      assert.deepEqual(backend.taken, [
        { reversePath: 'a@x.test', forwardPaths: ['b@y.test'], bytes: stored, transmission: 'ESMTP' },
      ]);
    });

  const early: readonly [string, readonly Step[]][] = [
    ['before MAIL', [HELLO, ['DATA', '503 5.5.1 Send MAIL first']]],
    ['without recipients', [HELLO, MAIL, ['DATA', '503 5.5.1 No valid recipients']]],
    [
      'with refused recipients',
      [HELLO, MAIL, ['RCPT TO:<nobody@y.test>', /^550/], ['DATA', '503 5.5.1 No valid recipients']],
    ],
    ['with an argument', [HELLO, MAIL, RCPT, ['DATA now', '501 5.5.4 Syntax: DATA']]],
  ];
  for (const [name, steps] of early) it(`is refused ${name}`, () => talk([...steps, ALIVE]));

  it('ends the transaction, and the next may begin', async () => {
    const send = [MAIL, RCPT, GO, ['x\r\n.', '250 2.0.0 OK']] as const;
    const backend = await converse([HELLO, ...send, ['DATA', '503 5.5.1 Send MAIL first'], ...send]);
    assert.equal(backend.taken.length, 2);
    assert.deepEqual(backend.aborted, []);
  });

  it('refuses what is too large, having read it all', async () => {
    const backend = await converse(
      [
        HELLO,
        MAIL,
        RCPT,
        GO,
        [`${'x'.repeat(60)}\r\n${'y'.repeat(60)}\r\n.`, '552 5.3.4 Message exceeds 100 bytes'],
        ALIVE,
      ],
      { limits: { messageBytesMax: 100 } },
    );
    assert.deepEqual([backend.taken, backend.aborted], [[], ['a@x.test']]);
  });

  it('closes on what never ends', () =>
    talk([HELLO, MAIL, RCPT, GO, ['x'.repeat(201), '552 5.3.4 Message too large'], ['NOOP', '<closed>']], {
      limits: { messageBytesMax: 100 },
    }));

  it('answers each recipient in LMTP', async () => {
    const wire = new Wire();
    const backend = new RecordingBackend();
    backend.onData = async () => [
      { code: 250, enhanced: '2.1.5', text: 'one' },
      { code: 452, enhanced: '4.2.2', text: 'two' },
    ];
    startSession(wire.far, backend, { mode: 'lmtp' });
    wire.write(
      'LHLO c\r\nMAIL FROM:<>\r\nRCPT TO:<a@y.test>\r\nRCPT TO:<nobody@y.test>\r\nRCPT TO:<b@y.test>\r\nDATA\r\n',
    );
    assert.match((await wire.replies(7)).at(-1)!, /^354/);
    wire.write('x\r\n.\r\nNOOP\r\n');
    assert.deepEqual(await wire.replies(3), ['250 2.1.5 one', '452 4.2.2 two', '250 2.0.0 OK']);
  });

  it('gives one reply in LMTP to all when the backend throws', async () => {
    const wire = new Wire();
    const backend = new RecordingBackend();
    backend.onData = () => Promise.reject(new Error('secret detail'));
    startSession(wire.far, backend, { mode: 'lmtp' });
    wire.write('LHLO c\r\nMAIL FROM:<>\r\nRCPT TO:<a@y.test>\r\nRCPT TO:<b@y.test>\r\nDATA\r\n');
    await wire.replies(6);
    wire.write('x\r\n.\r\n');
    assert.deepEqual(await wire.replies(2), Array(2).fill('451 4.3.0 Local error in processing'));
  });

  it('drains what the backend leaves unread', async () => {
    const backend = new RecordingBackend();
    backend.onData = async (bytes) => {
      for await (const _ of bytes) break;
      return { code: 554, enhanced: '5.7.1', text: 'Spam' };
    };
    await converse([HELLO, MAIL, RCPT, GO, [`${'x\r\n'.repeat(100_000)}.`, '554 5.7.1 Spam'], ALIVE], {}, backend);
  });

  it('makes the client wait for a slow reader', async () => {
    const wire = new Wire();
    const backend = new RecordingBackend();
    let go = (): void => {};
    const slow = new Promise<void>((resolve) => {
      go = resolve;
    });
    backend.onData = async (bytes) => {
      await slow;
      const all = await collect(bytes, 1 << 28);
      return { code: 250, text: `${all.length} bytes` };
    };
    startSession(wire.far, backend);
    wire.write('EHLO c\r\nMAIL FROM:<>\r\nRCPT TO:<a@y.test>\r\nDATA\r\n');
    await wire.replies(5);
    const block = Buffer.alloc(64 * 1024, 'x');
    let taken = 0;
    for (let i = 0; i < 128; i++) wire.write(block, () => taken++);
    wire.write('\r\n.\r\n');
    await new Promise((resolve) => setTimeout(resolve, 50));
    assert.ok(taken < 16, `${taken} blocks of 64 KiB were taken while nobody read them`);
    go();
    assert.deepEqual(await wire.replies(1), [`250 ${128 * 64 * 1024 + 2} bytes`]);
  });

  it('tells the backend when the client goes away', async () => {
    const wire = new Wire();
    const backend = new RecordingBackend();
    let failure: unknown;
    backend.onData = async (bytes) => {
      try {
        await collect(bytes, 1 << 28);
      } catch (error) {
        failure = error;
        throw error;
      }
      return { code: 250, text: 'OK' };
    };
    const session = startSession(wire.far, backend);
    wire.write('EHLO c\r\nMAIL FROM:<>\r\nRCPT TO:<a@y.test>\r\nDATA\r\n');
    await wire.replies(5);
    wire.write(Buffer.alloc(200_000, 'x'));
    await new Promise((resolve) => setTimeout(resolve, 10));
    wire.far.destroy();
    await session.closed;
    assert.match(String(failure), /session ended/);
    assert.deepEqual(backend.taken, []);
  });
});
