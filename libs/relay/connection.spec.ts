import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { formatReply } from '#protocol/smtp';
import { type ByteStream, systemClock } from '#stdx';
import { openConnection } from './handshake.ts';
import { obliging, type Script, scriptedServer } from './kit.test.ts';
import { RelayError, type RelayMessage, type RelayOutcome } from './message.ts';
import type { RelayTimeouts } from './settings.ts';

const QUICK: RelayTimeouts = { greetingMs: 150, commandMs: 150, dataMs: 150, blockMs: 150, finalMs: 150 };
const WHOLE = Buffer.from('one\r\ntwo\r\n');
async function* stream(...pieces: string[]): ByteStream {
  for (const piece of pieces) yield Buffer.from(piece);
}

const to = (...names: string[]): Pick<RelayMessage, 'reversePath' | 'recipients'> => ({
  reversePath: 'a@x.test',
  recipients: names.map((name) => ({ forwardPath: `${name}@y.test` })),
});

const told = ({ recipients }: RelayOutcome): readonly string[] =>
  recipients.map(({ rcpt, final }) => `${formatReply(rcpt)} / ${final ? formatReply(final) : 'none'}`);

async function open(script: Script, chunking = true, protocol: 'lmtp' | 'smtp' = 'lmtp') {
  const server = await scriptedServer(script);
  const connection = await openConnection(await server.connect(), {
    protocol,
    clientName: 'c.test',
    clock: systemClock,
    timeouts: QUICK,
    chunking,
  });
  return {
    server,
    connection,
    async [Symbol.asyncDispose]() {
      connection.destroy();
      await server[Symbol.asyncDispose]();
    },
  };
}

async function failure(promise: Promise<unknown>): Promise<RelayError> {
  const error: unknown = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof RelayError, String(error));
  return error;
}

describe('RelayConnection', () => {
  it('sends a whole message behind its commands in one BDAT', async () => {
    await using s = await open(obliging());
    const parameters = new Map([['ROUTE', 'r']]);
    const outcome = await s.connection.send({
      reversePath: 'a@x.test',
      parameters: new Map([
        ['SIZE', '10'],
        ['SMTPUTF8', null],
      ]),
      recipients: [{ forwardPath: 'b@y.test', parameters }],
      body: WHOLE,
    });
    assert.deepEqual(told(outcome), ['250 ok / 250 ok']);
    assert.deepEqual(s.server.lines.slice(1), [
      'MAIL FROM:<a@x.test> SIZE=10 SMTPUTF8',
      'RCPT TO:<b@y.test> ROUTE=r',
      'BDAT 10 LAST',
    ]);
  });

  it('streams a long one in chunks', async () => {
    await using s = await open(obliging());
    const outcome = await s.connection.send({ ...to('b'), body: stream('one\r\n', '', 'two\r\n') });
    assert.deepEqual(told(outcome), ['250 ok / 250 ok']);
    assert.deepEqual(s.server.lines.slice(3), ['BDAT 5', 'BDAT 5', 'BDAT 0 LAST']);
  });

  it('uses DATA where there is no CHUNKING, or it is not wanted', async () => {
    for (const [script, chunking] of [
      [obliging({ LHLO: '250-s\r\n250 PIPELINING' }), true],
      [obliging(), false],
    ] as const)
      for (const body of [Buffer.from('.one\r\ntwo'), stream('.o', 'ne\r\ntwo')]) {
        await using s = await open(script, chunking);
        assert.deepEqual(told(await s.connection.send({ ...to('b'), body })), ['250 ok / 250 ok']);
        assert.deepEqual(s.server.lines.slice(3), ['DATA', '..one', 'two', '.']);
      }
  });

  const bodies = [
    ['whole', () => WHOLE],
    ['streamed', () => stream('x\r\n')],
  ] as const;
  for (const [kind, body] of bodies)
    for (const chunking of [true, false]) {
      const way = `${kind}, ${chunking ? 'BDAT' : 'DATA'}`;

      it(`tells each recipient's fate (${way})`, async () => {
        await using s = await open(
          obliging({
            'RCPT TO:<no': '550 5.1.1 nobody',
            'BDAT 10 LAST': '250 one\r\n452 4.2.2 two',
            'BDAT 0 LAST': '250 one\r\n452 4.2.2 two',
            '.': '250 one\r\n452 4.2.2 two',
          }),
          chunking,
        );
        const outcome = await s.connection.send({ ...to('a', 'no', 'b'), body: body() });
        assert.deepEqual(told(outcome), ['250 ok / 250 one', '550 5.1.1 nobody / none', '250 ok / 452 4.2.2 two']);
        assert.ok(s.connection.usable);
      });

      it(`is ready for the next message when all was refused (${way})`, async () => {
        await using s = await open(
          obliging({ 'MAIL FROM:<a': '451 4.3.0 no', 'BDAT 10 LAST': '503 no', 'RCPT TO:<b': '503 no' }),
          chunking,
        );
        assert.deepEqual(
          told(await s.connection.send({ ...to('b', 'b'), body: body() })),
          Array(2).fill('451 4.3.0 no / none'),
        );
        assert.equal(s.server.lines.at(-1), 'RSET');
        assert.ok(s.connection.usable);
      });
    }

  it('gives the one answer of SMTP to all recipients', async () => {
    await using s = await open(obliging({ 'BDAT 10 LAST': '250 2.0.0 queued' }), true, 'smtp');
    assert.deepEqual(
      told(await s.connection.send({ ...to('a', 'b'), body: WHOLE })),
      Array(2).fill('250 ok / 250 2.0.0 queued'),
    );
  });

  it('stops a stream whose chunk is refused, and is ready for the next', async () => {
    await using s = await open(obliging({ 'BDAT 3': '552 5.3.4 too large' }));
    let read = 0;
    async function* endless(): ByteStream {
      while (read < 10_000) {
        read++;
        yield Buffer.from('xxx');
      }
    }
    assert.deepEqual(told(await s.connection.send({ ...to('b'), body: endless() })), ['250 ok / 552 5.3.4 too large']);
    assert.ok(read <= 64, `${read} pieces were read`);
    assert.ok(s.connection.usable);
  });

  it('makes the server forget a message whose stream breaks, and throws what broke it', async () => {
    const broken = async function* (): ByteStream {
      yield Buffer.from('half');
      throw new Error('client went away');
    };
    await using chunked = await open(obliging());
    await assert.rejects(chunked.connection.send({ ...to('b'), body: broken() }), /client went away/);
    assert.equal(chunked.server.lines.at(-1), 'RSET');
    assert.ok(chunked.connection.usable);
    // DATA cannot be taken back: the connection goes, and with it the half message.
    await using stuffed = await open(obliging(), false);
    await assert.rejects(stuffed.connection.send({ ...to('b'), body: broken() }), /client went away/);
    assert.ok(!stuffed.connection.usable);
    assert.doesNotMatch(stuffed.server.lines.join('\n'), /^\.$/m);
  });

  const hangs: readonly [string, string, boolean, 'whole' | 'stream', string, boolean][] = [
    ['MAIL', 'MAIL', true, 'stream', 'mail', false],
    ['a chunk', 'BDAT 3', true, 'stream', 'data', false],
    ['the last chunk', 'BDAT 0 LAST', true, 'stream', 'final', true],
    ['a whole message', 'BDAT 10', true, 'whole', 'final', true],
    ['DATA', 'DATA', false, 'whole', 'data', false],
    ['the end of data', '.', false, 'whole', 'final', true],
  ];
  for (const [name, prefix, chunking, kind, phase, maybe] of hangs) {
    const body = (): RelayMessage['body'] => (kind === 'whole' ? WHOLE : stream('x\r\n'));
    it(`says what is known when the server falls silent at ${name}`, async () => {
      await using s = await open(obliging({ [prefix]: null }), chunking);
      const error = await failure(s.connection.send({ ...to('b'), body: body() }));
      assert.deepEqual([error.phase, error.mayHaveBeenAccepted], [phase, maybe]);
      assert.ok(!s.connection.usable);
    });

    it(`and when it hangs up at ${name}`, async () => {
      await using s = await open((line, socket) => {
        if (line.startsWith(prefix)) socket.destroy();
        return obliging()(line, socket);
      }, chunking);
      const error = await failure(s.connection.send({ ...to('b'), body: body() }));
      assert.deepEqual([error.phase, error.mayHaveBeenAccepted], [phase, maybe]);
    });
  }

  it('takes 421 and a closed connection as the answer to all that was asked', async () => {
    await using s = await open((line, socket) => {
      if (!line.startsWith('MAIL')) return obliging()(line, socket);
      socket.end('421 4.3.2 shutting down\r\n');
      return null;
    });
    assert.deepEqual(
      told(await s.connection.send({ ...to('b', 'c'), body: WHOLE })),
      Array(2).fill('421 4.3.2 shutting down / none'),
    );
    assert.ok(!s.connection.usable);
  });

  it('refuses to write an address that would end its line', async () => {
    await using s = await open(obliging());
    await assert.rejects(s.connection.send({ ...to('b\r\nRSET'), body: WHOLE }), RangeError);
    await assert.rejects(s.connection.send({ ...to('b'), reversePath: 'a\nb', body: WHOLE }), RangeError);
    assert.deepEqual(s.server.lines.length, 1);
  });

  it('is of no more use when the server speaks unasked', async () => {
    await using s = await open((line, socket) => {
      if (line === 'NOOP') setTimeout(() => socket.write('421 4.4.2 idle\r\n'), 5);
      return obliging()(line, socket);
    });
    await s.connection.command('mail', 'NOOP', 150);
    await new Promise((resolve) => setTimeout(resolve, 30));
    assert.ok(!s.connection.usable);
  });
});

describe('openConnection', () => {
  const rows: readonly [string, string, Readonly<Record<string, string | null>>, string, RegExp][] = [
    ['a refusing greeting', '554 go away', {}, 'greeting', /554 go away/],
    ['no greeting', '', {}, 'greeting', /no answer in time/],
    ['a refused LHLO', '220 hi', { LHLO: '500 what' }, 'ehlo', /500 what/],
    ['a greeting that is none', 'hello', {}, 'greeting', /unreadable reply/],
  ];
  for (const [name, greeting, given, phase, text] of rows)
    it(`gives up on ${name}`, async () => {
      await using server = await scriptedServer(obliging(given), greeting);
      const options = {
        protocol: 'lmtp',
        clientName: 'c',
        clock: systemClock,
        timeouts: QUICK,
        chunking: true,
      } as const;
      const error = await failure(openConnection(await server.connect(), options));
      assert.deepEqual([error.phase, error.mayHaveBeenAccepted], [phase, false]);
      assert.match(error.message, text);
    });

  it('does not read under TLS what was sent before it', async () => {
    await using server = await scriptedServer(
      obliging({ EHLO: '250-s\r\n250 STARTTLS', STARTTLS: '220 go\r\n250 injected' }),
    );
    const error = await failure(
      openConnection(await server.connect(), {
        protocol: 'smtp',
        clientName: 'c',
        clock: systemClock,
        timeouts: QUICK,
        chunking: false,
        startTls: async (socket) => socket,
      }),
    );
    assert.match(error.message, /unexpected bytes before the TLS handshake/);
  });
});
