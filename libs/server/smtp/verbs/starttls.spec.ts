import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import { describe, it } from 'node:test';
import { createSecureContext, type TLSSocket, connect as tlsConnect } from 'node:tls';
import { passwordAuthentication } from '#testing';
import { TEST_CERTIFICATE, TEST_KEY } from '../certificate.test.ts';
import { connectTo, listen, RecordingBackend, type SessionSettings, startSession } from '../kit.test.ts';

const secureContext = createSecureContext({ cert: TEST_CERTIFICATE, key: TEST_KEY });

async function server(settings: SessionSettings = {}) {
  const backend = new RecordingBackend();
  backend.authentication = passwordAuthentication(() => ({ accountId: '1', email: 'a@b.test', partnerId: 'p' }));
  const listener = await listen((socket) => startSession(socket, backend, { tls: () => secureContext, ...settings }));
  return { backend, port: listener.port, [Symbol.asyncDispose]: () => listener.close() };
}

/** Reads until `pattern` has come, or the end. */
function read(socket: Socket, pattern: RegExp): Promise<string> {
  return new Promise((resolve) => {
    let text = '';
    const done = (): void => {
      socket.off('data', onData).off('close', done);
      resolve(text);
    };
    const onData = (chunk: Buffer): void => {
      text += chunk.toString('latin1');
      if (pattern.test(text)) done();
    };
    socket.on('data', onData).on('close', done);
  });
}

function handshake(socket: Socket): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const secure = tlsConnect({ socket, servername: 'mx.test', ca: TEST_CERTIFICATE }, () => resolve(secure));
    secure.once('error', reject);
  });
}

async function plainUntilTls(port: number, behind = ''): Promise<Socket> {
  const socket = await connectTo(port);
  await read(socket, /\r\n/);
  socket.write('EHLO c\r\n');
  assert.match(await read(socket, /250 .*\r\n/), /250 STARTTLS\r\n/);
  socket.write(`STARTTLS\r\n${behind}`);
  assert.equal(await read(socket, /\r\n/), '220 2.0.0 Ready to start TLS\r\n');
  return socket;
}

describe('STARTTLS', () => {
  it('puts TLS on, forgets what was said before, and is not offered again', async () => {
    await using s = await server();
    const secure = await handshake(await plainUntilTls(s.port));
    secure.write('MAIL FROM:<a@x.test>\r\n');
    assert.equal(await read(secure, /\r\n/), '503 5.5.1 Send EHLO first\r\n');
    secure.write('EHLO c\r\nSTARTTLS\r\n');
    const reply = await read(secure, /\r\n503/);
    assert.doesNotMatch(reply, /STARTTLS/);
    assert.match(reply, /503 5\.5\.1 TLS is on already/);
    secure.write('MAIL FROM:<a@x.test>\r\nRCPT TO:<b@y.test>\r\nBDAT 4 LAST\r\nhi\r\n');
    await read(secure, /(250.*\r\n){3}/);
    assert.equal(s.backend.taken[0]?.transmission, 'ESMTPS');
    secure.destroy();
  });

  it('offers AUTH only after it', async () => {
    await using s = await server({ mode: 'submission' });
    const secure = await handshake(await plainUntilTls(s.port));
    secure.write('EHLO c\r\n');
    assert.match(await read(secure, /250 .*\r\n/), /250 AUTH PLAIN LOGIN\r\n/);
    secure.destroy();
  });

  const injected: readonly (readonly [string, string])[] = [
    ['a command', 'RSET\r\n'],
    ['a whole message', 'EHLO evil\r\nMAIL FROM:<evil@x.test>\r\nRCPT TO:<b@y.test>\r\nDATA\r\nevil\r\n.\r\n'],
    ['half a command', 'MAIL FROM:<evil@x.t'],
  ];
  for (const [name, behind] of injected)
    it(`throws away ${name} sent in the clear behind it`, async () => {
      await using s = await server();
      const secure = await handshake(await plainUntilTls(s.port, behind));
      secure.write('EHLO c\r\n');
      assert.match(
        await read(secure, /250 .*\r\n/),
        /^250-mx\.test\r\n/,
        'the first answer is to the first command under TLS',
      );
      secure.write('MAIL FROM:<a@x.test>\r\n');
      assert.equal(await read(secure, /\r\n/), '250 2.0.0 OK\r\n');
      assert.deepEqual(s.backend.asked, ['MAIL a@x.test']);
      secure.destroy();
    });

  it('closes when the handshake fails, and serves the next', async () => {
    await using s = await server();
    const socket = await plainUntilTls(s.port);
    socket.on('error', () => {});
    socket.write('this is no ClientHello\r\n');
    await read(socket, /never/);
    const secure = await handshake(await plainUntilTls(s.port));
    secure.destroy();
  });
});
