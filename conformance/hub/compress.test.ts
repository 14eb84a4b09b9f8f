import assert from 'node:assert/strict';
import { once } from 'node:events';
import { Duplex } from 'node:stream';
import { describe, it } from 'node:test';
import { constants, createDeflateRaw, createInflateRaw } from 'node:zlib';
import { ImapTestClient, until } from '#testing';
import { type HubWorld, hubWorld, passwordOf } from './world.ts';

const message = (subject: string): string => `Subject: ${subject}\r\n\r\nbody\r\n`;

/** The same connection from where COMPRESS was answered, and what has crossed it. */
function compressed(client: ImapTestClient) {
  const inflate = createInflateRaw();
  const deflate = createDeflateRaw({ flush: constants.Z_SYNC_FLUSH });
  const wire = { received: 0 };
  client.stream.removeAllListeners('data');
  client.stream.on('data', (chunk: Buffer) => {
    wire.received += chunk.length;
    inflate.write(chunk);
  });
  client.stream.on('end', () => inflate.end());
  deflate.pipe(client.stream);
  inflate.on('error', () => {});
  const inner = new ImapTestClient(Duplex.from({ readable: inflate, writable: deflate }));
  inner.stream.on('error', () => {});
  return { client: inner, wire, socket: client.stream };
}

async function started(world: HubWorld, tls = false) {
  const client = await world.imap(tls);
  await client.ok(`LOGIN alice@acme.test "${passwordOf('alice@acme.test')}"`);
  await client.ok('COMPRESS DEFLATE');
  return compressed(client);
}

describe('COMPRESS=DEFLATE at the hub', () => {
  it('is offered after the sign-in and compresses both ways, over TLS too', async () => {
    await using world = await hubWorld();
    for (const tls of [false, true]) {
      const { client, wire } = await started(world, tls);
      assert.match((await client.ok('CAPABILITY'))[0] ?? '', / COMPRESS=DEFLATE/);
      const large = `Subject: large\r\n\r\n${'x'.repeat(998)}\r\n`.padEnd(3_000_000, 'abcdefgh\r\n');
      const uid = await client.append('INBOX', large);
      await client.ok('SELECT INBOX');
      const [answer = ''] = await client.ok(`UID FETCH ${uid} BODY.PEEK[]`);
      assert.ok(answer.includes(large));
      assert.ok(wire.received < 100_000, `${wire.received} bytes for 3,000,000`);
      assert.match((await client.command('COMPRESS DEFLATE')).tagged, /^NO \[COMPRESSIONACTIVE\]/);
      assert.deepEqual(await client.ok('LOGOUT'), ['BYE Until next time']);
      assert.equal(await client.line(), null);
    }
    await until('the sessions to be forgotten', () => world.front.figures.sessions === 0);
  });

  it('refuses what it cannot do', async () => {
    await using world = await hubWorld({ imap: { compressedMax: 1 } });
    const client = await world.signedIn('alice@acme.test');
    assert.match((await client.command('COMPRESS')).tagged, /^BAD/);
    assert.match((await client.command('COMPRESS LZ4')).tagged, /^NO \[CANNOT\]/);
    assert.match((await client.command('COMPRESS DEFLATE now')).tagged, /^BAD/);
    client.send('p COMPRESS DEFLATE\r\nq NOOP\r\n');
    assert.match((await client.response()) ?? '', /^p NO \[CLIENTBUG\]/);
    assert.match((await client.response()) ?? '', /^q OK/);
    const first = await started(world);
    assert.match((await client.command('COMPRESS DEFLATE')).tagged, /^NO \[LIMIT\]/);
    first.socket.destroy();
    await until('room', async () => (await client.command('COMPRESS DEFLATE')).tagged.startsWith('OK'));
  });

  it('ends a connection that sends what is not DEFLATE, and takes a bomb no faster than its node', async () => {
    await using world = await hubWorld();
    const client = await world.signedIn('alice@acme.test');
    await client.ok('COMPRESS DEFLATE');
    client.stream.removeAllListeners('data');
    client.stream.resume();
    client.send(Buffer.alloc(500, 0xff));
    await once(client.stream, 'close');
    const { client: bomber } = await started(world);
    bomber.send(Buffer.alloc(20_000_000, 0x61));
    bomber.send('\r\n');
    assert.match((await bomber.response()) ?? '', / BAD Line too long$/);
  });

  it('goes on compressed when the node is lost', async () => {
    await using world = await hubWorld();
    const { client } = await started(world);
    await client.append('INBOX', message('one'));
    await client.ok('SELECT INBOX');
    await world.nodes[0].kill();
    await world.give(0, 1);
    assert.deepEqual(await client.ok('FETCH 1 UID'), ['1 FETCH (UID 1)']);
  });
});

describe('UNAUTHENTICATE at the hub', () => {
  it('forgets the session and signs in another on the same connection', async () => {
    await using world = await hubWorld();
    const client = await world.signedIn('alice@acme.test');
    await client.append('INBOX', message('hers'));
    await client.ok('ENABLE QRESYNC');
    await client.ok('SELECT INBOX');
    await client.ok('UNAUTHENTICATE');
    assert.match((await client.command('SELECT INBOX')).tagged, /^BAD/);
    assert.match((await client.ok('CAPABILITY'))[0] ?? '', / AUTH=PLAIN/);
    await client.ok(`LOGIN bob@acme.test "${passwordOf('bob@acme.test')}"`);
    assert.match((await client.command('FETCH 1 UID')).tagged, /^BAD/, 'nothing is selected');
    const selected = await client.ok('SELECT INBOX');
    assert.ok(selected.includes('0 EXISTS'));
    assert.equal(world.front.figures.sessions, 1);
  });

  it('takes what was pipelined behind it, and keeps compression', async () => {
    await using world = await hubWorld();
    const { client } = await started(world);
    client.send(`u UNAUTHENTICATE\r\nl LOGIN bob@acme.test "${passwordOf('bob@acme.test')}"\r\ns SELECT INBOX\r\n`);
    assert.equal(await client.response(), 'u OK Signed out');
    assert.match((await client.response()) ?? '', /^l OK/);
    let line = await client.response();
    for (; line?.startsWith('*'); line = await client.response());
    assert.match(line ?? '', /^s OK/);
    assert.match((await client.command('COMPRESS DEFLATE')).tagged, /^NO \[COMPRESSIONACTIVE\]/);
  });
});
