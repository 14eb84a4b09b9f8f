import assert from 'node:assert/strict';
import { once } from 'node:events';
import { describe, it } from 'node:test';
import { connect as connectTls } from 'node:tls';
import { ImapTestClient, until } from '#testing';
import { type HubWorld, hubWorld, passwordOf } from './world.ts';

const message = (subject: string): string => `Subject: ${subject}\r\n\r\nbody\r\n`;
const LOGIN = `LOGIN alice@acme.test "${passwordOf('alice@acme.test')}"`;

/** Sends lines at once and gives everything said until the connection closes or `until` is seen. */
async function said(world: HubWorld, bytes: string | Buffer, last: RegExp): Promise<string> {
  const socket = world.open(world.ports.imap);
  let text = '';
  socket.setEncoding('latin1').on('data', (chunk: string) => {
    text += chunk;
  });
  socket.write(bytes);
  await until(`${last} in ${JSON.stringify(text)}`, () => last.test(text) || socket.readableEnded, 5_000);
  socket.destroy();
  return text;
}

describe('IMAP before login', () => {
  it('answers what a stranger may ask', async () => {
    await using world = await hubWorld();
    const client = await world.imap();
    assert.deepEqual(await client.ok('CAPABILITY'), [
      'CAPABILITY IMAP4rev1 IMAP4rev2 SASL-IR LITERAL+ ID ENABLE IDLE STARTTLS AUTH=SCRAM-SHA-256 AUTH=OAUTHBEARER AUTH=XOAUTH2 AUTH=PLAIN AUTH=LOGIN',
    ]);
    assert.deepEqual(await client.ok('ID ("name" "spec" "version" NIL)'), ['ID ("name" "Rookery")']);
    await client.ok('NOOP');
    assert.deepEqual(await client.ok('LOGOUT'), ['BYE Logging out']);
    assert.equal(await client.line(), null);
  });

  const plain = (...parts: string[]): string => Buffer.from(parts.join('\0')).toString('base64');
  const ways: readonly [string, readonly string[]][] = [
    ['LOGIN with quoted strings', [LOGIN]],
    [
      'LOGIN with literals',
      ['LOGIN {15}', `alice@acme.test {${passwordOf('alice@acme.test').length}}`, passwordOf('alice@acme.test')],
    ],
    ['AUTHENTICATE PLAIN', ['AUTHENTICATE PLAIN', plain('', 'alice@acme.test', passwordOf('alice@acme.test'))]],
    ['with an initial response', [`AUTHENTICATE PLAIN ${plain('', 'alice@acme.test', passwordOf('alice@acme.test'))}`]],
    ['AUTHENTICATE LOGIN', ['AUTHENTICATE LOGIN', plain('alice@acme.test'), plain(passwordOf('alice@acme.test'))]],
  ];
  it('signs in, and the node answers', async (t) => {
    await using world = await hubWorld();
    for (const [what, [first = '', ...parts]] of ways) {
      await t.test(what, async () => {
        const client = await world.imap();
        const { tagged } = await client.command(first, ...parts);
        assert.match(tagged, /^OK \[CAPABILITY IMAP4rev1 .*MOVE/);
        await client.ok('SELECT INBOX');
      });
    }
  });

  it('gives an account no more sessions than it may have', async () => {
    await using world = await hubWorld({ accounts: { sessionsMax: 2, recipientsPerDayMax: 1 } });
    const [first, second, third] = [await world.imap(), await world.imap(), await world.imap()];
    await first.ok(LOGIN);
    await second.ok(LOGIN);
    assert.match((await third.command(LOGIN)).tagged, /^NO \[LIMIT\] Too many sessions/);
    await first.ok('LOGOUT');
    await until('the place to be free', async () => (await third.command(LOGIN)).tagged.startsWith('OK'));
  });

  it('refuses without telling more than it must', async () => {
    await using world = await hubWorld();
    await world.registry.updateAccount(world.system, world.carol.id, undefined, { state: 'suspended' });
    const client = await world.imap();
    const bob = passwordOf('bob@acme.test');
    for (const [command, answer] of [
      ['LOGIN alice@acme.test wrong', 'NO [AUTHENTICATIONFAILED] Authentication failed'],
      ['LOGIN nobody@acme.test wrong', 'NO [AUTHENTICATIONFAILED] Authentication failed'],
      [`LOGIN carol@acme.test "${passwordOf('carol@acme.test')}"`, 'NO [CONTACTADMIN] Account is disabled'],
      [
        `AUTHENTICATE PLAIN ${plain('alice@acme.test', 'bob@acme.test', bob)}`,
        'NO [AUTHORIZATIONFAILED] One may only act as oneself',
      ],
      ['AUTHENTICATE PLAIN !!!', 'BAD Initial response is not base64'],
      ['AUTHENTICATE GSSAPI', 'NO Mechanism not offered'],
      ['LOGIN alice@acme.test', 'BAD Missing argument'],
      ['SELECT INBOX', 'BAD SELECT is unknown or needs a login first'],
      ['CAPABILITY now', 'BAD Unexpected text after the arguments'],
    ] as const)
      assert.equal((await client.command(command)).tagged, answer);
    world.lookup.unavailable = true;
    assert.match((await client.command(`LOGIN bob@acme.test "${bob}"`)).tagged, /^(OK|NO \[UNAVAILABLE\])/);
  });

  it('wants TLS first where it is not on loopback', async () => {
    await using world = await hubWorld({ imap: { plainLogin: false } });
    const client = await world.imap();
    assert.match((await client.ok('CAPABILITY'))[0]!, / STARTTLS LOGINDISABLED$/);
    assert.match((await client.command(LOGIN)).tagged, /^NO \[PRIVACYREQUIRED\]/);
    assert.match((await client.command('AUTHENTICATE PLAIN')).tagged, /^NO \[PRIVACYREQUIRED\]/);
    await client.ok('STARTTLS');
    client.stream.removeAllListeners();
    const secure = connectTls({ socket: client.stream as never, rejectUnauthorized: false });
    await once(secure, 'secureConnect');
    const inner = new ImapTestClient(secure);
    assert.doesNotMatch((await inner.ok('CAPABILITY'))[0]!, /STARTTLS|LOGINDISABLED/);
    assert.match((await inner.command('STARTTLS')).tagged, /^BAD/);
    await inner.ok(LOGIN);
    await inner.ok('SELECT INBOX');
    secure.destroy();
    const opening = world.nodes[0].openings.at(-1);
    assert.ok(opening?.kind === 'imap' && opening.tls);
  });

  it('does not read what was said in the clear as if it had come under TLS', async () => {
    await using world = await hubWorld();
    assert.match(await said(world, 'a STARTTLS\r\nb NOOP\r\n', /BYE/), /a OK .*\r\n\* BYE Nothing may follow STARTTLS/);
  });

  it('speaks TLS from the start on its own port', async () => {
    await using world = await hubWorld({ imap: { plainLogin: false } });
    const client = await world.imap(true);
    await client.ok(LOGIN);
    await client.ok('NOOP');
  });

  const floods: readonly [string, string | Buffer, RegExp][] = [
    ['an endless line', Buffer.alloc(200_000, 0x61), /\* OK/],
    ['a line that is too long', `a LOGIN ${'x'.repeat(20_000)}\r\n`, /a BAD Command too long/],
    ['a literal that is too long', 'a LOGIN {100000}\r\n', /a BAD Literal too long/],
    ['an enormous non-synchronizing literal', 'a LOGIN {99999999+}\r\n', /BYE/],
    ['nonsense', 'x\r\n'.repeat(20), /BYE Too many commands/],
    ['bare line feeds', 'a NOOP\n'.repeat(20), /BYE Too many commands/],
    ['NULs', Buffer.alloc(40, '\0\r\n'), /BYE Too many commands/],
    ['passwords', 'a LOGIN alice@acme.test x\r\n'.repeat(20), /BYE Too many failed/],
    ['harmless commands', 'a NOOP\r\n'.repeat(200), /BYE Too many commands/],
  ];
  it('bounds whatever a stranger sends', async (t) => {
    await using world = await hubWorld();
    for (const [what, bytes, answer] of floods) {
      await t.test(what, async () => {
        assert.match(await said(world, bytes, answer), answer);
        await (await world.imap()).ok('NOOP');
      });
    }
  });

  it('lets nobody sit before the door for ever', async () => {
    await using world = await hubWorld({ imap: { loginMs: 100 } });
    const client = await world.imap();
    assert.equal(await client.line(), '* BYE Too slow to sign in');
    assert.equal(await client.line(), null);
  });
});

describe('IMAP behind the login', () => {
  it('forwards what was pipelined behind it, and the end of input', async () => {
    await using world = await hubWorld();
    const socket = world.open(world.ports.imap);
    let text = '';
    socket.setEncoding('latin1').on('data', (chunk: string) => {
      text += chunk;
    });
    socket.end(`a ${LOGIN}\r\nb SELECT INBOX\r\nc LOGOUT\r\n`);
    await once(socket, 'close');
    assert.match(text, /a OK .*b OK \[READ-WRITE\].*\* BYE.*c OK/s);
    await until('the session to be forgotten', () => world.front.figures.sessions === 0);
  });

  it('carries literals both ways, of any size', async () => {
    await using world = await hubWorld();
    const client = await world.signedIn('alice@acme.test');
    const large = `Subject: large\r\n\r\n${'x'.repeat(998)}\r\n`.padEnd(5_000_000, 'abcdefgh\r\n');
    await client.append('INBOX', large);
    await client.ok('SELECT INBOX');
    const [answer = ''] = await client.ok('FETCH 1 BODY.PEEK[]');
    assert.ok(answer.includes(large));
  });

  it('waits for an owner at login', async () => {
    await using world = await hubWorld();
    await world.nodes[0].kill();
    const client = await world.imap();
    const login = client.ok(LOGIN);
    setTimeout(() => void world.give(0, 1), 200);
    await login;
    await client.ok('SELECT INBOX');
  });

  it('says so when there is none', async () => {
    await using world = await hubWorld({ imap: { ownerWaitMs: 150 } });
    await world.nodes[0].kill();
    const client = await world.imap();
    assert.match((await client.command(LOGIN)).tagged, /^NO \[UNAVAILABLE\]/);
    await world.give(0, 1);
    await client.ok(LOGIN);
  });
});

describe('a session whose node is lost', () => {
  /** Alice, with two messages, in her inbox. */
  async function selected(world: HubWorld): Promise<ImapTestClient> {
    const client = await world.signedIn('alice@acme.test');
    await client.append('INBOX', message('one'));
    await client.append('INBOX', message('two'));
    await client.ok('SELECT INBOX');
    return client;
  }
  const failOver = async (world: HubWorld): Promise<void> => {
    await world.nodes[0].kill();
    await world.give(0, 1);
  };

  it('goes on where it was', async () => {
    await using world = await hubWorld();
    const client = await selected(world);
    await failOver(world);
    assert.deepEqual(await client.ok('FETCH 2 (UID FLAGS)'), ['2 FETCH (UID 2 FLAGS (\\Recent))']);
    await client.ok('STORE 1 +FLAGS (\\Deleted)');
    assert.deepEqual(await client.ok('EXPUNGE'), ['1 EXPUNGE']);
    assert.equal(world.front.figures.sessions, 1);
  });

  it('says again what may be said again', async () => {
    await using world = await hubWorld();
    const client = await selected(world);
    world.nodes[0].deaf = true;
    client.send('x FETCH 1:2 UID\r\ny UID SEARCH ALL\r\nz NO');
    await new Promise((resolve) => setTimeout(resolve, 50));
    await failOver(world);
    client.send('OP\r\n');
    const lines: (string | null)[] = [];
    while (!lines.at(-1)?.startsWith('z ')) lines.push(await client.response());
    assert.deepEqual(
      lines.map((line) => line?.replace(/(?<=OK).*/, '')),
      ['* 1 FETCH (UID 1)', '* 2 FETCH (UID 2)', 'x OK', '* SEARCH 1 2', 'y OK', 'z OK'],
    );
  });

  it('refuses what may have been done, and what comes behind it', async () => {
    await using world = await hubWorld();
    const client = await selected(world);
    world.nodes[0].deaf = true;
    client.send('w NOOP\r\nx COPY 1 INBOX\r\ny NOOP\r\n');
    await new Promise((resolve) => setTimeout(resolve, 50));
    await failOver(world);
    const lines = [await client.response(), await client.response(), await client.response()];
    assert.match(lines[0] ?? '', /^w OK/);
    assert.match(lines[1] ?? '', /^x NO \[UNAVAILABLE\]/);
    assert.match(lines[2] ?? '', /^y NO \[UNAVAILABLE\]/);
    await client.ok('FETCH 1 UID');
  });

  it('does not take a command that ends its node from node to node', async () => {
    await using world = await hubWorld();
    const client = await selected(world);
    world.nodes[0].deaf = true;
    world.nodes[1].deaf = true;
    client.send('x FETCH 1 UID\r\n');
    await new Promise((resolve) => setTimeout(resolve, 50));
    await failOver(world);
    await new Promise((resolve) => setTimeout(resolve, 300));
    await world.nodes[1].kill();
    assert.match((await client.response()) ?? '', /^\* BYE/);
  });

  it('goes on in IDLE, and hears of what comes', async () => {
    await using world = await hubWorld();
    const client = await selected(world);
    client.send('i IDLE\r\n');
    assert.match((await client.response()) ?? '', /^\+/);
    await failOver(world);
    const other = await world.signedIn('alice@acme.test');
    await other.append('INBOX', message('three'));
    assert.equal(await client.response(), '* 3 EXISTS');
    await client.response();
    client.send('DONE\r\n');
    assert.match((await client.response()) ?? '', /^i OK/);
    await client.ok('NOOP');
  });

  it('is told what changed while nobody owned its volume', async () => {
    await using world = await hubWorld();
    const client = await selected(world);
    await failOver(world);
    const other = await world.signedIn('alice@acme.test');
    await other.ok('SELECT INBOX');
    await other.ok('STORE 1 +FLAGS (\\Deleted)');
    await other.ok('EXPUNGE');
    assert.deepEqual(await client.ok('NOOP'), ['1 EXPUNGE']);
  });

  it('survives one loss after the other', async () => {
    await using world = await hubWorld();
    const client = await selected(world);
    await failOver(world);
    await client.ok('FETCH 1 UID');
    await world.nodes[0].revive();
    await world.nodes[1].kill();
    await world.give(0, 0);
    assert.deepEqual(await client.ok('FETCH 2 UID'), ['2 FETCH (UID 2)']);
  });

  it('survives any number of moves while it is idle', async () => {
    await using world = await hubWorld();
    const client = await selected(world);
    for (let move = 0; move < 7; move++) {
      await new Promise((resolve) => setTimeout(resolve, 600));
      const [from, to] = move % 2 === 0 ? [0, 1] : [1, 0];
      await world.nodes[from as 0 | 1].kill();
      await world.give(0, to as 0 | 1);
      await world.nodes[from as 0 | 1].revive();
      await client.ok('NOOP');
    }
    assert.deepEqual(await client.ok('FETCH 2 UID'), ['2 FETCH (UID 2)']);
  });

  it('hears NO when an upload is cut, and goes on', async () => {
    await using world = await hubWorld();
    const client = await selected(world);
    client.send('u APPEND INBOX {200000}\r\n');
    assert.match((await client.response()) ?? '', /^\+/);
    client.send(Buffer.alloc(100_000, 0x61));
    await new Promise((resolve) => setTimeout(resolve, 50));
    await failOver(world);
    client.send(Buffer.alloc(100_000, 0x61));
    client.send('\r\n');
    assert.match((await client.response()) ?? '', /^u NO \[UNAVAILABLE\]/);
    assert.deepEqual(await client.ok('FETCH 1:* UID'), ['1 FETCH (UID 1)', '2 FETCH (UID 2)']);
  });

  it('ends with BYE when nobody takes its volume in time', async () => {
    await using world = await hubWorld({ imap: { ownerWaitMs: 200 } });
    const client = await selected(world);
    await world.nodes[0].kill();
    assert.match((await client.line()) ?? '', /^\* BYE \[UNAVAILABLE\]/);
    assert.equal(await client.line(), null);
    await until('the session to be forgotten', () => world.front.figures.sessions === 0);
  });

  it('ends without a word in the middle of an answer', async () => {
    await using world = await hubWorld();
    const client = await world.signedIn('alice@acme.test');
    await client.append('INBOX', `Subject: large\r\n\r\n${'x'.repeat(998)}\r\n`.padEnd(20_000_000, 'abcdefgh\r\n'));
    await client.ok('SELECT INBOX');
    client.stream.pause();
    client.send('f FETCH 1 BODY.PEEK[]\r\n');
    await new Promise((resolve) => setTimeout(resolve, 300));
    await failOver(world);
    client.stream.resume();
    assert.equal(await client.response(), null);
    await until('the session to be forgotten', () => world.front.figures.sessions === 0);
  });
});

it('a hub that stops says BYE to everybody', async () => {
  await using world = await hubWorld();
  const stranger = await world.imap();
  const client = await world.signedIn('alice@acme.test');
  world.front.shutdown();
  assert.match((await stranger.line()) ?? '', /^\* BYE/);
  assert.match((await client.line()) ?? '', /^\* BYE/);
  assert.equal(await client.line(), null);
});
