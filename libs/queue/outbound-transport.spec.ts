import assert from 'node:assert/strict';
import { type AddressInfo, createServer, connect as netConnect, type Socket } from 'node:net';
import { describe, it } from 'node:test';
import { connect as tlsConnect } from 'node:tls';
import type { QueueEntry } from '#mailstore/api';
import { RelayError } from '#relay';
import { type ByteStream, seededRandom, silentLogger, systemClock } from '#stdx';
import { until } from '#testing';
import { OutboundTransport, type OutboundTransportOptions } from './outbound-transport.ts';
import type { AttemptResult, Destination, OutboundMessage } from './ports.ts';

type Script = (line: string, socket: Socket) => string | null;

/** A server of the outside world: `script` answers each line; message lines are kept. */
async function outside(script: Script, greeting = '220 out.test') {
  const sockets = new Set<Socket>();
  const lines: string[] = [];
  let connections = 0;
  const server = createServer((socket) => {
    connections++;
    sockets.add(socket);
    let rest = '';
    let inData = false;
    socket.on('error', () => {}).on('close', () => sockets.delete(socket));
    if (greeting !== '') socket.write(`${greeting}\r\n`);
    socket.on('data', (chunk) => {
      rest += chunk.toString('latin1');
      for (let end = rest.indexOf('\r\n'); end >= 0; end = rest.indexOf('\r\n')) {
        const line = rest.slice(0, end);
        rest = rest.slice(end + 2);
        lines.push(line);
        if (inData && line !== '.') continue;
        const reply = script(line, socket);
        inData = reply?.startsWith('354') ?? false;
        if (reply !== null) socket.write(`${reply}\r\n`);
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    lines,
    get connections() {
      return connections;
    },
    [Symbol.asyncDispose]: () =>
      new Promise<void>((resolve) => {
        for (const socket of sockets) socket.destroy();
        server.close(() => resolve());
      }),
  };
}

const EHLO = '250-out.test\r\n250-PIPELINING\r\n250-SIZE 1000\r\n250-8BITMIME\r\n250 SMTPUTF8';
const replies =
  (given: Record<string, string> = {}): Script =>
  (line) => {
    const verb = line === '.' ? 'END' : (line.split(/[ :]/)[0] ?? '');
    const usual: Record<string, string> = { EHLO, DATA: '354 go', QUIT: '221 bye' };
    const specific = Object.entries(given).find(([prefix]) => line.startsWith(prefix))?.[1];
    return specific ?? given[verb] ?? usual[verb] ?? '250 ok';
  };

const entry = (forwardPath: string, parameters: Record<string, string> = {}): QueueEntry => ({
  id: 1,
  blobId: 'b',
  size: 20,
  reversePath: 'a@x.test',
  forwardPath,
  partnerId: 'p',
  parameters,
  createdAt: 0,
  nextAttemptAt: 0,
  attempts: 0,
  lastError: null,
  status: 'queued',
});

const message = (to: readonly string[], more: Partial<OutboundMessage> & { body?: string } = {}): OutboundMessage => ({
  entries: to.map((forwardPath) => entry(forwardPath)),
  reversePath: 'a@x.test',
  parameters: new Map(),
  size: 20,
  open: async () => Buffer.from(more.body ?? 'Subject: x\r\n\r\n.dot\r\n'),
  ...more,
});

const MX: Destination = { kind: 'mx', domain: 'y.test' };

function transport(ports: Record<string, number>, options: Partial<OutboundTransportOptions> = {}) {
  return new OutboundTransport({
    hostname: 'us.test',
    clock: systemClock,
    random: seededRandom(1),
    logger: silentLogger,
    resolver: {
      mx: async () => Object.keys(ports).map((exchange, preference) => ({ exchange, preference })),
      addresses: async (host) => [host],
    },
    // A port of each name's own stands for the address it would have.
    connect: (host) =>
      new Promise((resolve, reject) => {
        const socket = netConnect(ports[host] ?? 1, '127.0.0.1', () => resolve(socket));
        socket.once('error', reject);
      }),
    timeouts: { greetingMs: 200, commandMs: 200, dataMs: 200, blockMs: 200, finalMs: 200 },
    ...options,
  });
}

const told = ({ outcomes }: AttemptResult): readonly string[] =>
  outcomes.map((outcome) =>
    outcome.kind === 'delivered' ? 'delivered' : `${outcome.kind} ${outcome.status} ${outcome.diagnostic}`,
  );

describe('OutboundTransport', () => {
  it('delivers, dots stuffed and parameters fitted to the server', async () => {
    await using server = await outside(replies());
    const parameters = new Map([
      ['BODY', '8BITMIME'],
      ['ENVID', 'e'],
      ['SMTPUTF8', null],
    ]);
    const result = await transport({ mx1: server.port }).deliver(MX, message(['b@y.test'], { parameters }));
    assert.deepEqual(result, {
      outcomes: [{ kind: 'delivered', dsnHandedOn: false, diagnostic: '250 ok', remoteMta: 'mx1' }],
      unreachable: false,
    });
    assert.deepEqual(server.lines, [
      'EHLO us.test',
      'MAIL FROM:<a@x.test> BODY=8BITMIME SIZE=20',
      'RCPT TO:<b@y.test>',
      'DATA',
      'Subject: x',
      '',
      '..dot',
      '.',
    ]);
  });

  it('hands DSN parameters to a server that offers DSN, and with them the duty', async () => {
    await using server = await outside(replies({ EHLO: '250-out.test\r\n250 DSN' }));
    const entries = [entry('b@y.test', { NOTIFY: 'SUCCESS', ORCPT: 'rfc822;c@y.test' })];
    const parameters = new Map([['RET', 'HDRS']]);
    const result = await transport({ mx1: server.port }).deliver(MX, message([], { entries, parameters }));
    assert.equal(result.outcomes[0]?.kind === 'delivered' && result.outcomes[0].dsnHandedOn, true);
    assert.deepEqual(server.lines.slice(1, 3), [
      'MAIL FROM:<a@x.test> RET=HDRS',
      'RCPT TO:<b@y.test> NOTIFY=SUCCESS ORCPT=rfc822;c@y.test',
    ]);
  });

  const verdicts: readonly [string, Record<string, string>, readonly string[]][] = [
    [
      'each recipient by itself',
      { 'RCPT TO:<b': '550 5.1.1 no', 'RCPT TO:<c': '450 later' },
      ['failed 5.1.1 550 5.1.1 no', 'deferred 4.0.0 450 later', 'delivered'],
    ],
    ['the sender', { MAIL: '553 5.7.1 not you' }, Array(3).fill('failed 5.7.1 553 5.7.1 not you')],
    ['the sender for now', { MAIL: '451 4.7.1 grey' }, Array(3).fill('deferred 4.7.1 451 4.7.1 grey')],
    ['DATA', { DATA: '554 5.5.1 no' }, Array(3).fill('failed 5.5.1 554 5.5.1 no')],
    ['the content', { END: '554 5.7.1 spam' }, Array(3).fill('failed 5.7.1 554 5.7.1 spam')],
    ['the content for now', { END: '452 4.3.1 full' }, Array(3).fill('deferred 4.3.1 452 4.3.1 full')],
    ['a class that does not fit the code', { END: '554 4.3.1 mixed' }, Array(3).fill('failed 5.0.0 554 4.3.1 mixed')],
  ];
  for (const [name, given, expected] of verdicts)
    it(`takes the server's word on ${name}`, async () => {
      await using server = await outside(replies(given));
      const result = await transport({ mx1: server.port }).deliver(MX, message(['b@y.test', 'c@y.test', 'd@y.test']));
      assert.deepEqual([told(result), result.unreachable], [expected, false]);
    });

  const losses: readonly [string, Script, string, RegExp][] = [
    ['says nothing', () => null, '', /greeting: no answer in time/],
    ['turns everyone away', replies(), '554 no service', /greeting: 554 no service/],
    ['is closing', replies(), '421 4.3.2 later', /greeting: 421/],
    ['hangs at EHLO', () => null, '220 hi', /ehlo: no answer in time/],
    ['talks gibberish', () => 'hello there', '220 hi', /unreadable reply/],
    [
      'hangs up at MAIL',
      (line, socket) => {
        if (line.startsWith('MAIL')) socket.destroy();
        return replies()(line, socket);
      },
      '220 hi',
      /mail: .*(closed|ECONNRESET|EPIPE)/,
    ],
  ];
  for (const [name, script, greeting, expected] of losses) {
    it(`goes to the next host when one ${name}`, async () => {
      await using bad = await outside(script, greeting);
      await using good = await outside(replies());
      const result = await transport({ mx1: bad.port, mx2: good.port }).deliver(MX, message(['b@y.test']));
      assert.deepEqual(told(result), ['delivered']);
      assert.ok(bad.connections > 0);
    });

    it(`waits when the only one ${name}`, async () => {
      await using bad = await outside(script, greeting);
      const result = await transport({ mx1: bad.port }).deliver(MX, message(['b@y.test']));
      assert.match(told(result)[0]!, expected);
      assert.ok(told(result)[0]!.startsWith('deferred 4.4.'));
      assert.equal(result.unreachable, true);
    });
  }

  it('waits when nobody listens', async () => {
    const result = await transport({ mx1: 1 }).deliver(MX, message(['b@y.test']));
    assert.match(told(result)[0]!, /^deferred 4\.4\.1 mx1: connect ECONNREFUSED/);
    assert.equal(result.unreachable, true);
  });

  it('does not go to the next host when the message may have been taken', async () => {
    await using bad = await outside((line, socket) => {
      if (line === '.') socket.destroy();
      return replies()(line, socket);
    });
    await using good = await outside(replies());
    const result = await transport({ mx1: bad.port, mx2: good.port }).deliver(MX, message(['b@y.test']));
    assert.match(told(result)[0]!, /^deferred 4\.4\.1/);
    assert.equal(good.connections, 0);
    assert.equal(result.unreachable, false);
  });

  it('speaks to a server that knows only HELO, one command at a time', async () => {
    await using server = await outside(replies({ EHLO: '500 what?' }));
    const result = await transport({ mx1: server.port }).deliver(MX, message(['b@y.test', 'c@y.test']));
    assert.deepEqual(told(result), ['delivered', 'delivered']);
    assert.deepEqual(server.lines.slice(0, 3), ['EHLO us.test', 'HELO us.test', 'MAIL FROM:<a@x.test>']);
  });

  it('does not begin what is too large for the server', async () => {
    await using server = await outside(replies());
    const big = message(['b@y.test'], { body: 'x'.repeat(2_000) });
    const result = await transport({ mx1: server.port }).deliver(MX, big);
    assert.match(told(result)[0]!, /^failed 5\.3\.4/);
    assert.deepEqual(server.lines, ['EHLO us.test']);
  });

  const utf8: readonly [string, string, string, string, RegExp][] = [
    ['an address', 'bü@y.test', 'Subject: x\r\n\r\n', EHLO, /^delivered/],
    ['an address, without the extension', 'bü@y.test', 'Subject: x\r\n\r\n', '250 old.test', /^failed 5\.6\.7/],
    ['a header, without the extension', 'b@y.test', 'Subject: ü\r\n\r\n', '250 old.test', /^failed 5\.6\.7/],
    ['a body alone', 'b@y.test', 'Subject: x\r\n\r\nü', '250 old.test', /^delivered/],
  ];
  for (const [name, to, body, ehlo, expected] of utf8)
    it(`minds SMTPUTF8 of ${name}`, async () => {
      await using server = await outside(replies({ EHLO: ehlo }));
      const parameters = new Map([['SMTPUTF8', null]]);
      const result = await transport({ mx1: server.port }).deliver(MX, message([to], { parameters, body }));
      assert.match(told(result)[0]!, expected);
    });

  it('uses a connection again for the next message', async () => {
    await using server = await outside(replies());
    const sender = transport({ mx1: server.port });
    for (let i = 0; i < 3; i++) assert.deepEqual(told(await sender.deliver(MX, message(['b@y.test']))), ['delivered']);
    assert.equal(server.connections, 1);
    sender.close();
    await until('QUIT', () => server.lines.includes('QUIT'));
  });

  it('signs in at a relay host', async () => {
    for (const [mechanisms, expected] of [
      ['PLAIN LOGIN', ['AUTH PLAIN AHUAcA==']],
      ['LOGIN', ['AUTH LOGIN', 'dQ==', 'cA==']],
    ] as const) {
      const exchange = {
        'AUTH PLAIN': '235 welcome',
        'AUTH LOGIN': '334 VXNlcm5hbWU6',
        'dQ==': '334 UGFzc3dvcmQ6',
        'cA==': '235 welcome',
      };
      await using server = await outside(replies({ EHLO: `250-out.test\r\n250 AUTH ${mechanisms}`, ...exchange }));
      const host: Destination = {
        kind: 'relayHost',
        host: 'relay',
        port: 587,
        tls: 'never',
        credentials: { username: 'u', password: 'p' },
      };
      const result = await transport({ relay: server.port }).deliver(host, message(['b@y.test']));
      assert.deepEqual(told(result), ['delivered']);
      assert.deepEqual(server.lines.slice(1, 1 + expected.length), expected);
    }
  });

  it('waits when a relay host refuses the password', async () => {
    await using server = await outside(replies({ EHLO: '250-out.test\r\n250 AUTH PLAIN', AUTH: '535 5.7.8 no' }));
    const host: Destination = {
      kind: 'relayHost',
      host: 'relay',
      port: 587,
      tls: 'never',
      credentials: { username: 'u', password: 'p' },
    };
    assert.match(
      told(await transport({ relay: server.port }).deliver(host, message(['b@y.test'])))[0]!,
      /^deferred 4\.4\.2 auth: 535/,
    );
  });

  it('gives up a failed TLS handshake for plain text, unless TLS is demanded', async () => {
    await using server = await outside(replies({ EHLO: '250-out.test\r\n250 STARTTLS', STARTTLS: '220 go' }));
    const startTls = (socket: import('node:stream').Duplex) =>
      new Promise<import('node:stream').Duplex>((resolve, reject) => {
        const secure = tlsConnect({ socket, rejectUnauthorized: false }, () => resolve(secure));
        secure.once('error', reject);
      });
    const sender = transport({ mx1: server.port }, { startTls });
    assert.deepEqual(told(await sender.deliver(MX, message(['b@y.test']))), ['delivered']);
    assert.equal(server.connections, 2);
    const strict: Destination = { kind: 'relayHost', host: 'mx1', port: 25, tls: 'always' };
    assert.match(told(await sender.deliver(strict, message(['b@y.test'])))[0]!, /^deferred 4\.4\.1 mx1: tls: /);
  });

  it('hands mail of the cluster to a hub', async () => {
    const given: unknown[] = [];
    const cluster: NonNullable<OutboundTransportOptions['cluster']> = async ({ recipients, body }) => {
      given.push(
        recipients.map(({ forwardPath }) => forwardPath),
        body instanceof Uint8Array,
      );
      return {
        recipients: recipients.map(() => ({ rcpt: { code: 250, text: 'ok' }, final: { code: 250, text: 'ok' } })),
      };
    };
    assert.deepEqual(told(await transport({}, { cluster }).deliver({ kind: 'cluster' }, message(['b@y.test']))), [
      'delivered',
    ]);
    assert.deepEqual(given, [['b@y.test'], true]);
    const down = transport({}, { cluster: () => Promise.reject(new RelayError('connect', false, 'connect: refused')) });
    const result = await down.deliver({ kind: 'cluster' }, message(['b@y.test']));
    assert.deepEqual([told(result), result.unreachable], [['deferred 4.4.1 hub: connect: refused'], false]);
    assert.match(
      told(await transport({}).deliver({ kind: 'cluster' }, message(['b@y.test'])))[0]!,
      /^deferred 4\.3\.0/,
    );
  });

  it('streams what is large', async () => {
    await using server = await outside(replies({ EHLO: '250-out.test\r\n250 PIPELINING' }));
    async function* body(): ByteStream {
      for (let i = 0; i < 50; i++) yield Buffer.from('.x\r\n'.repeat(5_000));
    }
    const large = message(['b@y.test'], { open: async () => body(), size: 1_000_000 });
    const result = await transport(
      { mx1: server.port },
      {
        timeouts: { greetingMs: 5_000, commandMs: 5_000, dataMs: 5_000, blockMs: 5_000, finalMs: 5_000 },
      },
    ).deliver(MX, large);
    assert.deepEqual(told(result), ['delivered']);
    assert.equal(server.lines.filter((line) => line === '..x').length, 250_000);
  });
});
