import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { connect as connectTls } from 'node:tls';
import { ManageSieveTestClient, until } from '#testing';
import { type HubWorld, hubWorld, inbox, passwordOf } from './world.ts';

const plain = (email: string, password = passwordOf(email)): string =>
  Buffer.from(`\0${email}\0${password}`).toString('base64');

async function client(world: HubWorld): Promise<ManageSieveTestClient> {
  const made = new ManageSieveTestClient(world.open(world.ports.managesieve));
  const { status } = await made.answer();
  assert.equal(status, 'OK "hub.test ready"');
  return made;
}

async function signedIn(world: HubWorld, email: string): Promise<ManageSieveTestClient> {
  const made = await client(world);
  await made.ok(`AUTHENTICATE "PLAIN" "${plain(email)}"`);
  return made;
}

describe('ManageSieve before login', () => {
  it('tells capabilities, and what a stranger may ask', async () => {
    await using world = await hubWorld();
    const c = await client(world);
    const lines = await c.ok('CAPABILITY');
    assert(lines.includes('"STARTTLS"') && lines.includes('"VERSION" "1.0"'), lines.join());
    assert.match(lines.find((line) => line.startsWith('"SASL"'))!, /^"SASL" ".*\bPLAIN\b.*"$/);
    assert.match(lines.find((line) => line.startsWith('"SIEVE"'))!, /fileinto .*vacation/);
    assert.equal((await c.command('NOOP "t"')).status, 'OK (TAG "t") "Done"');
    assert.match((await c.command('LISTSCRIPTS')).status, /^NO "Unknown command/);
    assert.equal((await c.command('LOGOUT')).status, 'OK "Goodbye"');
    assert.equal(await c.line(), null);
  });

  it('begins TLS, and tells capabilities anew', async () => {
    await using world = await hubWorld({ managesieve: { plainLogin: false } });
    const socket = world.open(world.ports.managesieve);
    const c = new ManageSieveTestClient(socket);
    const { lines } = await c.answer();
    assert(lines.includes('"SASL" ""'));
    const refused = await c.command(`AUTHENTICATE "PLAIN" "${plain('alice@acme.test')}"`);
    assert.equal(refused.status, 'NO (ENCRYPT-NEEDED) "Use STARTTLS first"');
    await c.ok('STARTTLS');
    c.upgrade(() => connectTls({ socket, rejectUnauthorized: false }));
    const again = await c.answer();
    assert.match(again.status, /^OK /);
    assert(!again.lines.includes('"STARTTLS"') && again.lines.some((line) => /"SASL" ".*PLAIN/.test(line)));
    await c.ok(`AUTHENTICATE "PLAIN" "${plain('alice@acme.test')}"`);
    assert((await c.ok('CAPABILITY')).includes('"OWNER" "alice@acme.test"'));
  });

  it('signs in with and without an initial response, by string or literal', async () => {
    await using world = await hubWorld();
    const response = plain('alice@acme.test');
    for (const way of [`"${response}"`, `{${response.length}+}\r\n${response}`]) {
      const c = await client(world);
      await c.ok(`AUTHENTICATE "PLAIN" ${way}`);
      const asked = await client(world);
      asked.send('AUTHENTICATE "plain"\r\n');
      assert.equal(await asked.line(), '""');
      await asked.ok(way);
      await asked.ok('LISTSCRIPTS');
    }
  });

  it('refuses without telling more than it must', async () => {
    await using world = await hubWorld();
    const c = await client(world);
    for (const [command, answer] of [
      [`AUTHENTICATE "PLAIN" "${plain('alice@acme.test', 'wrong')}"`, 'NO "Authentication failed"'],
      [`AUTHENTICATE "PLAIN" "${plain('nobody@acme.test', 'wrong')}"`, 'NO "Authentication failed"'],
      ['AUTHENTICATE "PLAIN" "%%"', 'NO "Initial response is not base64"'],
      ['AUTHENTICATE "NOTHING"', 'NO "Mechanism not offered"'],
      ['AUTHENTICATE', 'NO "AUTHENTICATE takes a mechanism, and perhaps a response"'],
    ] as const)
      assert.equal((await c.command(command)).status, answer, command);
    c.send('AUTHENTICATE "PLAIN"\r\n');
    assert.equal(await c.line(), '""');
    assert.equal((await c.command('"*"')).status, 'NO "AUTHENTICATE cancelled"');
    await c.ok(`AUTHENTICATE "PLAIN" "${plain('alice@acme.test')}"`);
  });
});

describe('ManageSieve through the hub', () => {
  it('a script put there runs over the next message', async () => {
    await using world = await hubWorld();
    const c = await signedIn(world, 'alice@acme.test');
    await c.ok(
      'PUTSCRIPT "main" "require [\\"fileinto\\"]; if header :contains \\"subject\\" \\"list\\" { discard; }"',
    );
    await c.ok('SETACTIVE "main"');
    const store = world.nodes[0].stores.get(world.volumes[0].id)!;
    for (const subject of ['a list', 'a letter']) {
      const smtp = await world.smtp();
      const say = async (line: string, expected: RegExp): Promise<void> => {
        smtp.send(`${line}\r\n`);
        let answer = '';
        while (!/^\d{3} /.test(answer)) answer = (await smtp.line()) ?? '999 ended';
        assert.match(answer, expected);
      };
      await say('EHLO me', /^250 /);
      await say(`AUTH PLAIN ${plain('bob@acme.test')}`, /^235 /);
      await say('MAIL FROM:<bob@acme.test>', /^250 /);
      await say('RCPT TO:<alice@acme.test>', /^250 /);
      await say('DATA', /^354 /);
      await say(`From: bob@acme.test\r\nSubject: ${subject}\r\n\r\nhello\r\n.`, /^250 /);
    }
    await until('the letter', async () => (await inbox(store, world.alice.id)).length === 1);
    assert.match((await inbox(store, world.alice.id))[0]!, /Subject: a letter/);
  });

  it('signs out and in again on the same connection', async () => {
    await using world = await hubWorld();
    const c = await signedIn(world, 'alice@acme.test');
    await c.ok('PUTSCRIPT "hers" "keep;"');
    assert((await c.ok('CAPABILITY')).includes('"UNAUTHENTICATE"'));
    c.send(`UNAUTHENTICATE\r\nLISTSCRIPTS\r\nAUTHENTICATE "PLAIN" "${plain('bob@acme.test')}"\r\n`);
    assert.equal((await c.answer()).status, 'OK "Signed out"');
    assert.match((await c.answer()).status, /^NO "Unknown command, or one that needs a sign-in/);
    assert.equal((await c.answer()).status, 'OK "Signed in"');
    assert.deepEqual(await c.ok('LISTSCRIPTS'), []);
    assert.equal(world.sieveFront.figures.sessions, 1);
  });

  it('a session goes on at another node', async () => {
    await using world = await hubWorld();
    const c = await signedIn(world, 'alice@acme.test');
    await c.ok('PUTSCRIPT "one" "keep;"');
    await world.nodes[0].kill();
    await world.nodes[0].revive();
    await world.give(0, 1);
    assert.deepEqual(await c.ok('LISTSCRIPTS'), ['"one"']);
    await c.ok('PUTSCRIPT "two" {7+}\r\nkeep;\r\n');
    await c.ok('LOGOUT');
    assert.equal(await c.line(), null);
    await until('the session to be over', () => world.sieveFront.figures.sessions === 0);
  });

  it('what was said to a node that hangs and dies is said again where that does no harm', async () => {
    await using world = await hubWorld();
    const c = await signedIn(world, 'alice@acme.test');
    await c.ok('PUTSCRIPT "one" "keep;"');
    world.nodes[0].deaf = true;
    c.send('PUTSCRIPT "two" {5+}\r\nkeep;\r\nDELETESCRIPT "one"\r\nLISTSCRIPTS\r\n');
    await world.nodes[0].kill();
    await world.nodes[0].revive();
    await world.give(0, 1);
    assert.equal((await c.answer()).status, 'OK "Script stored"');
    assert.match((await c.answer()).status, /^NO \(TRYLATER\) /);
    assert.match((await c.answer()).status, /^NO \(TRYLATER\) /);
    assert.deepEqual(await c.ok('LISTSCRIPTS'), ['"one"', '"two"']);
  });
});
