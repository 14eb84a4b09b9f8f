import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { InvariantError } from '#stdx';
import { SimulatedClock } from '#testing';
import { HELLO, MAIL, RCPT, RecordingBackend, type SessionSettings, startSession, talk, Wire } from './kit.test.ts';

const MESSAGE = 'MAIL FROM:<a@x.test>\r\nRCPT TO:<b@y.test>\r\nDATA\r\n';

async function exchange(sent: string, settings: SessionSettings = {}, backend = new RecordingBackend()) {
  const wire = new Wire();
  const session = startSession(wire.far, backend, settings);
  if (!wire.writableEnded) wire.end(sent);
  await session.closed;
  return { text: wire.received, codes: wire.received.match(/^\d{3}(?= )/gm) ?? [], backend };
}

describe('SmtpSession', () => {
  it('answers pipelined commands in order, and goes on behind the end of data', async () => {
    const { codes, backend } = await exchange(
      `EHLO c\r\n${MESSAGE}one\r\n.\r\n${MESSAGE}two\r\n.\r\nRSET\r\nMAIL FROM:<z@x.test>\r\nQUIT\r\n`,
    );
    assert.deepEqual(codes.map(Number), [220, 250, 250, 250, 354, 250, 250, 250, 354, 250, 250, 250, 221]);
    assert.deepEqual(
      backend.taken.map(({ bytes }) => bytes),
      ['one\r\n', 'two\r\n'],
    );
    assert.deepEqual(backend.aborted, ['z@x.test']);
  });

  it('reads pipelined commands the same however they are cut', async () => {
    const sent = `EHLO c\r\n${MESSAGE}one\r\n..\r\n.\r\nMAIL FROM:<a@x.test>\r\nRCPT TO:<b@y.test>\r\nBDAT 3\r\n.\r\nBDAT 1 LAST\r\nxQUIT\r\n`;
    const whole = await exchange(sent);
    for (let cut = 1; cut < sent.length; cut++) {
      const wire = new Wire();
      const backend = new RecordingBackend();
      const session = startSession(wire.far, backend);
      wire.write(sent.slice(0, cut));
      await new Promise((resolve) => setImmediate(resolve));
      wire.write(sent.slice(cut));
      await session.closed;
      assert.equal(wire.received, whole.text, `cut at ${cut}`);
      assert.deepEqual(backend.taken, whole.backend.taken, `cut at ${cut}`);
    }
  });

  it('does not run the next command before the last one has ended', async () => {
    const backend = new RecordingBackend();
    const order: string[] = [];
    backend.mail = async () => {
      order.push('mail begins');
      await new Promise((resolve) => setTimeout(resolve, 20));
      order.push('mail ends');
      return { code: 250, text: 'OK' };
    };
    backend.rcpt = async () => {
      order.push('rcpt');
      return { code: 250, text: 'OK' };
    };
    await exchange('EHLO c\r\nMAIL FROM:<>\r\nRCPT TO:<b@y.test>\r\nQUIT\r\n', {}, backend);
    assert.deepEqual(order, ['mail begins', 'mail ends', 'rcpt']);
  });

  it('stops reading while pipelined commands wait', async () => {
    const wire = new Wire();
    const backend = new RecordingBackend();
    backend.mail = () => new Promise(() => {});
    startSession(wire.far, backend);
    wire.write('EHLO c\r\nMAIL FROM:<>\r\n');
    let taken = 0;
    for (let i = 0; i < 64; i++) wire.write(Buffer.from('NOOP\r\n'.repeat(10_000)), () => taken++);
    await new Promise((resolve) => setTimeout(resolve, 30));
    assert.ok(taken < 10, `${taken} writes were taken`);
    wire.far.destroy();
  });

  it('slows a client that errs, and then shows it the door', async () => {
    const clock = new SimulatedClock();
    const wire = new Wire();
    const session = startSession(wire.far, new RecordingBackend(), { clock });
    wire.write('FOO\r\n'.repeat(10));
    await clock.advance(0);
    assert.equal(wire.received.match(/^500/gm)?.length, 3);
    await clock.advance(1_000);
    assert.equal(wire.received.match(/^500/gm)?.length, 4);
    await clock.advance(5_000);
    await session.closed;
    assert.equal(wire.received.match(/^500/gm)?.length, 10);
    assert.match(wire.received, /\r\n421 4\.7\.0 Too many errors\r\n$/);
  });

  it('does not count what the backend refuses as an error', async () => {
    const { codes } = await exchange(
      `EHLO c\r\nMAIL FROM:<a@x.test>\r\n${'RCPT TO:<nobody@y.test>\r\n'.repeat(20)}RCPT TO:<b@y.test>\r\nQUIT\r\n`,
    );
    assert.deepEqual(codes.map(Number), [220, 250, 250, ...Array(20).fill(550), 250, 221]);
  });

  const idle: readonly [string, string][] = [
    ['between commands', 'EHLO c\r\n'],
    ['in the middle of a command', 'EHLO c\r\nNOO'],
    ['in the middle of a message', `EHLO c\r\n${MESSAGE}half`],
    ['between chunks', 'EHLO c\r\nMAIL FROM:<>\r\nRCPT TO:<b@y.test>\r\nBDAT 10\r\nhalf'],
  ];
  for (const [name, sent] of idle)
    it(`gives up on a client that is silent ${name}`, async () => {
      const clock = new SimulatedClock();
      const wire = new Wire();
      const backend = new RecordingBackend();
      const session = startSession(wire.far, backend, { clock });
      wire.write(sent);
      await clock.advance(299_000);
      assert.doesNotMatch(wire.received, /421/);
      await clock.advance(2_000);
      await session.closed;
      assert.match(wire.received, /\r\n421 4\.4\.2 Idle for too long\r\n$/);
      assert.deepEqual(backend.taken, []);
    });

  it('waits for its own backend as long as that takes', async () => {
    const clock = new SimulatedClock();
    const wire = new Wire();
    const backend = new RecordingBackend();
    backend.mail = async () => {
      await clock.sleep(900_000);
      return { code: 250, text: 'at last' };
    };
    startSession(wire.far, backend, { clock });
    wire.write('EHLO c\r\nMAIL FROM:<>\r\n');
    await clock.advance(901_000);
    assert.match(wire.received, /250 at last\r\n$/);
    wire.far.destroy();
  });

  it('ends after too many commands without a message', () =>
    talk(
      [
        ['NOOP', /^250/],
        ['NOOP', /^250/],
        ['NOOP', '421 4.7.0 Too many commands without a message'],
        ['NOOP', '<closed>'],
      ],
      {
        limits: { idleCommandsMax: 2 },
      },
    ));

  for (const verb of ['GET / HTTP/1.1', 'POST /x HTTP/1.1', 'CONNECT a:25'])
    it(`turns ${verb.split(' ')[0]} away`, () =>
      talk([
        [verb, '421 4.7.0 This is not a web server'],
        ['NOOP', '<closed>'],
      ]));

  it('shuts down between commands', async () => {
    const wire = new Wire();
    const session = startSession(wire.far, new RecordingBackend());
    await wire.ask('EHLO c\r\n');
    session.shutdown();
    await session.closed;
    assert.match(wire.received, /^421 4\.3\.2 mx\.test is shutting down\r\n$/m);
  });

  it('answers the command that is running before it shuts down', async () => {
    const wire = new Wire();
    const session = startSession(wire.far, new RecordingBackend());
    wire.write(`EHLO c\r\n${MESSAGE}`);
    await wire.replies(5);
    session.shutdown();
    wire.write('x\r\n.\r\n');
    await session.closed;
    assert.equal(wire.received, '250 2.0.0 OK\r\n');
  });

  it('refuses a whole session in the greeting', async () => {
    const refusal = { code: 554, enhanced: '5.7.1', text: 'Go away' };
    assert.equal(
      (await exchange('EHLO c\r\nQUIT\r\n', { refusal })).text,
      '554 5.7.1 Go away\r\n503 5.5.1 Only QUIT is welcome\r\n221 2.0.0 Bye\r\n',
    );
    const later = { code: 421, enhanced: '4.7.0', text: 'Too many' };
    assert.equal((await exchange('EHLO c\r\n', { refusal: later })).text, '421 4.7.0 Too many\r\n');
  });

  it('ends on a broken invariant, telling the client nothing of it', async () => {
    const backend = new RecordingBackend();
    backend.mail = () => Promise.reject(new InvariantError('the secret state'));
    const { text } = await exchange('EHLO c\r\nMAIL FROM:<>\r\nNOOP\r\n', {}, backend);
    assert.match(text, /\r\n421 4\.3\.0 Local error in processing\r\n$/);
  });

  it('tells the backend when the client goes away between commands', async () => {
    const wire = new Wire();
    const backend = new RecordingBackend();
    const session = startSession(wire.far, backend);
    wire.write('EHLO c\r\nMAIL FROM:<a@x.test>\r\nRCPT TO:<b@y.test>\r\n');
    await wire.replies(4);
    wire.far.destroy();
    await session.closed;
    assert.deepEqual(backend.aborted, ['a@x.test']);
  });

  it('gives each transaction an id of its own', async () => {
    const ids: string[] = [];
    const backend = new RecordingBackend();
    backend.mail = async (_peer: unknown, { id }) => {
      ids.push(id);
      return { code: 250, text: 'OK' };
    };
    await talk([HELLO, ['MAIL FROM:<>', /^250/], ['RSET', /^250/], ['MAIL FROM:<>', /^250/]], {}, backend);
    assert.deepEqual(ids, ['s1.1', 's1.2']);
  });

  it('says in what way a message came', async () => {
    const ways: readonly [SessionSettings, string, string][] = [
      [{}, 'HELO c\r\nMAIL FROM:<>', 'SMTP'],
      [{}, 'EHLO c\r\nMAIL FROM:<>', 'ESMTP'],
      [{}, 'EHLO c\r\nMAIL FROM:<> SMTPUTF8', 'UTF8SMTP'],
      [{ implicitTls: true }, 'EHLO c\r\nMAIL FROM:<>', 'ESMTPS'],
      [{ implicitTls: true }, 'EHLO c\r\nMAIL FROM:<> SMTPUTF8', 'UTF8SMTPS'],
      [{ mode: 'lmtp' }, 'LHLO c\r\nMAIL FROM:<>', 'LMTP'],
      [{ mode: 'lmtp' }, 'LHLO c\r\nMAIL FROM:<> SMTPUTF8', 'UTF8LMTP'],
    ];
    for (const [settings, opening, expected] of ways) {
      const { backend } = await exchange(`${opening}\r\nRCPT TO:<b@y.test>\r\nBDAT 1 LAST\r\nx`, settings);
      assert.equal(backend.taken[0]?.transmission, expected);
    }
  });

  it('takes a message in one piece when it is small', async () => {
    const wholes: (number | null)[] = [];
    const backend = new RecordingBackend();
    backend.onData = async (bytes) => {
      wholes.push(bytes.whole?.length ?? null);
      return { code: 250, text: 'OK' };
    };
    await talk([HELLO, MAIL, RCPT, ['DATA', /^354/], ['x\r\n.', /^250/]], {}, backend);
    const wire = new Wire();
    startSession(wire.far, backend);
    wire.write(`EHLO c\r\n${MESSAGE}${'x'.repeat(70_000)}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
    wire.write('\r\n.\r\n');
    await wire.replies(6);
    assert.deepEqual(wholes, [3, null]);
  });
});
