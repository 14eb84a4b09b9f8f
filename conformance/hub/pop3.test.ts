import assert from 'node:assert/strict';
import { once } from 'node:events';
import { describe, it } from 'node:test';
import { connect as connectTls } from 'node:tls';
import { Pop3TestClient, until } from '#testing';
import { type HubWorld, hubWorld, passwordOf } from './world.ts';

const ALICE = 'alice@acme.test';
const message = (subject: string): string => `Subject: ${subject}\r\n\r\nbody\r\n`;
const base64 = (...parts: string[]): string => Buffer.from(parts.join('\0')).toString('base64');

async function filled(world: HubWorld, ...subjects: string[]): Promise<void> {
  const imap = await world.signedIn(ALICE);
  for (const subject of subjects) await imap.append('INBOX', message(subject));
  await imap.ok('LOGOUT');
}

async function signedIn(world: HubWorld): Promise<Pop3TestClient> {
  const client = await world.pop3();
  await client.ok(`USER ${ALICE}`);
  await client.ok(`PASS ${passwordOf(ALICE)}`);
  return client;
}

describe('POP3 before login', () => {
  it('answers what a stranger may ask', async () => {
    await using world = await hubWorld();
    const client = await world.pop3();
    const offered = await client.list('CAPA');
    for (const name of [
      'STLS',
      'USER',
      'SASL SCRAM-SHA-256 OAUTHBEARER XOAUTH2 PLAIN LOGIN',
      'UIDL',
      'UTF8 USER',
      'PIPELINING',
    ])
      assert.ok(offered.includes(name), name);
    assert.deepEqual(await client.list('AUTH'), 'SCRAM-SHA-256 OAUTHBEARER XOAUTH2 PLAIN LOGIN'.split(' '));
    assert.deepEqual(await client.list('LANG'), ['en English']);
    await client.ok('UTF8');
    await client.ok('QUIT');
    assert.equal(await client.line(), null);
  });

  const ways: readonly (readonly [string, readonly string[]])[] = [
    ['USER and PASS', [`USER ${ALICE}`, `PASS ${passwordOf(ALICE)}`]],
    ['AUTH PLAIN', ['AUTH PLAIN', base64('', ALICE, passwordOf(ALICE))]],
    ['with an initial response', [`AUTH PLAIN ${base64('', ALICE, passwordOf(ALICE))}`]],
    ['AUTH LOGIN', ['AUTH LOGIN', base64(ALICE), base64(passwordOf(ALICE))]],
  ];
  it('signs in, and the node answers', async (t) => {
    await using world = await hubWorld();
    for (const [what, lines] of ways)
      await t.test(what, async () => {
        const client = await world.pop3();
        let answer = '';
        for (const line of lines) answer = await client.command(line);
        assert.equal(answer, '+OK Logged in');
        assert.equal(await client.ok('STAT'), '0 0');
        await client.ok('QUIT');
      });
  });

  it('refuses without telling more than it must', async (t) => {
    await using world = await hubWorld();
    const refusals: readonly (readonly [readonly string[], string])[] = [
      [[`USER ${ALICE}`, 'PASS wrong'], '-ERR [AUTH] Authentication failed'],
      [['USER nobody@acme.test', 'PASS wrong'], '-ERR [AUTH] Authentication failed'],
      [['PASS early'], '-ERR USER comes first'],
      [['AUTH GSSAPI'], '-ERR Mechanism not offered'],
      [['AUTH PLAIN', '*'], '-ERR AUTH cancelled'],
      [['AUTH PLAIN', '!'], '-ERR Authentication exchange cannot be read'],
      [['AUTH PLAIN !'], '-ERR Initial response is not base64'],
      [[`AUTH PLAIN ${base64('bob@acme.test', ALICE, passwordOf(ALICE))}`], '-ERR One may only act as oneself'],
      [['STAT'], '-ERR Unknown, or needs a sign-in first'],
      [['APOP x y'], '-ERR Unknown, or needs a sign-in first'],
      [['x'.repeat(20_000)], '-ERR Line too long'],
    ];
    for (const [lines, refusal] of refusals)
      await t.test(lines.join(', ').slice(0, 40), async () => {
        const client = await world.pop3();
        let answer = '';
        for (const line of lines) answer = await client.command(line);
        assert.equal(answer, refusal);
        client.close();
      });
  });

  it('keeps passwords out of the clear', async () => {
    await using world = await hubWorld({ pop3: { plainLogin: false } });
    const client = await world.pop3();
    assert.deepEqual(
      (await client.list('CAPA')).filter((name) => /^(SASL|USER|STLS)/.test(name)),
      ['STLS'],
    );
    assert.equal(await client.command(`USER ${ALICE}`), '-ERR Use STLS first');
    assert.equal(await client.command('AUTH PLAIN'), '-ERR Use STLS first');
    await client.ok('STLS');
    client.stream.removeAllListeners('data');
    const secure = connectTls({ socket: client.stream as never, rejectUnauthorized: false });
    await once(secure, 'secureConnect');
    const inside = new Pop3TestClient(secure);
    assert.deepEqual(
      (await inside.list('CAPA')).filter((name) => /^(SASL|USER|STLS)/.test(name)),
      ['USER', 'SASL SCRAM-SHA-256-PLUS SCRAM-SHA-256 OAUTHBEARER XOAUTH2 PLAIN LOGIN'],
    );
    assert.equal(await inside.command('STLS'), '-ERR TLS is on already');
    await inside.ok(`USER ${ALICE}`);
    await inside.ok(`PASS ${passwordOf(ALICE)}`);
    secure.destroy();
  });

  it('believes nothing that came before TLS', async () => {
    await using world = await hubWorld();
    const client = await world.pop3();
    client.send('STLS\r\nCAPA\r\n');
    assert.equal(await client.line(), '+OK Begin TLS negotiation now');
    assert.equal(await client.line(), '-ERR Nothing may follow STLS');
    assert.equal(await client.line(), null);
  });

  for (const [what, bytes] of [
    ['nonsense', 'x y z\r\n'.repeat(20)],
    ['NULs', Buffer.alloc(60, '\0\r\n')],
    ['passwords', `USER ${ALICE}\r\nPASS x\r\n`.repeat(20)],
    ['harmless commands', 'CAPA\r\n'.repeat(200)],
  ] as const)
    it(`ends with a stranger who says too much: ${what}`, async () => {
      await using world = await hubWorld();
      const client = await world.pop3();
      client.send(bytes);
      let last: string | null = '';
      for (let line = await client.line(); line !== null; line = await client.line()) last = line;
      assert.match(last, /^-ERR Too many/);
    });

  it('signs in behind TLS, with everything sent at once', async () => {
    await using world = await hubWorld();
    await filled(world, 'one');
    const client = await world.pop3(true);
    client.send(`USER ${ALICE}\r\nPASS ${passwordOf(ALICE)}\r\nSTAT\r\nDELE 1\r\nQUIT\r\n`);
    const lines: (string | null)[] = [];
    for (let line = await client.line(); line !== null; line = await client.line()) lines.push(line);
    assert.deepEqual(lines.slice(1), [
      '+OK Logged in',
      `+OK 1 ${message('one').length}`,
      '+OK Marked to be deleted',
      '+OK Goodbye',
    ]);
    assert.equal(await (await signedIn(world)).ok('STAT'), '0 0');
    await until('the session to be forgotten', () => world.pop3Front.figures.sessions === 1);
  });
});

describe('a POP3 session whose node is lost', () => {
  const failOver = async (world: HubWorld): Promise<void> => {
    await world.nodes[0].kill();
    await world.give(0, 1);
  };

  it('goes on where it was, with its numbers and marks', async () => {
    await using world = await hubWorld();
    await filled(world, 'one', 'two', 'three');
    const client = await signedIn(world);
    const ids = await client.list('UIDL');
    await client.ok('DELE 2');
    await failOver(world);
    assert.deepEqual(await client.list('UIDL'), [ids[0], ids[2]]);
    assert.deepEqual(await client.list('RETR 3'), ['Subject: three', '', 'body']);
    await client.ok('QUIT');
    assert.deepEqual(
      (await (await signedIn(world)).list('UIDL')).map((line) => line.split(' ')[1]),
      [ids[0], ids[2]].map((line) => line?.split(' ')[1]),
    );
  });

  it('says again what was not answered, QUIT too', async () => {
    await using world = await hubWorld();
    await filled(world, 'one', 'two');
    const client = await signedIn(world);
    await client.ok('DELE 1');
    world.nodes[0].deaf = true;
    client.send('DELE 2\r\nSTAT\r\nQU');
    await new Promise((resolve) => setTimeout(resolve, 50));
    await failOver(world);
    client.send('IT\r\n');
    const lines: (string | null)[] = [];
    for (let line = await client.line(); line !== null; line = await client.line()) lines.push(line);
    assert.deepEqual(lines, ['+OK Marked to be deleted', '+OK 0 0', '+OK Goodbye']);
    assert.equal(await (await signedIn(world)).ok('STAT'), '0 0');
  });

  it('ends without a word when nobody takes its volume in time, and deletes nothing', async () => {
    await using world = await hubWorld({ pop3: { ownerWaitMs: 200 } });
    await filled(world, 'one');
    const client = await signedIn(world);
    await client.ok('DELE 1');
    await world.nodes[0].kill();
    assert.equal(await client.line(), null);
    await world.give(0, 1);
    assert.match(await (await signedIn(world)).ok('STAT'), /^1 /);
  });

  it('ends without a word in the middle of an answer', async () => {
    await using world = await hubWorld();
    const imap = await world.signedIn(ALICE);
    await imap.append('INBOX', `Subject: large\r\n\r\n${'x'.repeat(998)}\r\n`.padEnd(20_000_000, 'abcdefgh\r\n'));
    const client = await signedIn(world);
    client.stream.pause();
    client.send('RETR 1\r\n');
    await new Promise((resolve) => setTimeout(resolve, 300));
    await failOver(world);
    client.stream.resume();
    let last: string | null = '';
    for (let line = await client.line(); line !== null; line = await client.line()) last = line;
    assert.notEqual(last, '.');
    await until('the session to be forgotten', () => world.pop3Front.figures.sessions === 0);
  });
});
