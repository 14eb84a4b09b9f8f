import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { describe, it } from 'node:test';
import { freePort } from '#embedded';
import { encodePreface } from '#protocol/handover';
import { NodeDelivery } from '#server/smtp';
import { silentLogger, systemClock } from '#stdx';
import { TestAuthority, until } from '#testing';
import { DataServer } from './data-server.ts';
import { LmtpLegs } from './lmtp-leg.ts';

describe('an LMTP leg', () => {
  it('is answered on the socket that carried the preface', async () => {
    const key = Buffer.alloc(32, 1);
    const backend = new NodeDelivery({ volumes: () => undefined, clock: systemClock, logger: silentLogger });
    const authority = await TestAuthority.create('cluster-1');
    const server = new DataServer(
      { lmtp: new LmtpLegs(backend, 'node.test', systemClock, silentLogger) },
      await authority.member('node', 'n'),
      key,
      systemClock,
      silentLogger,
    );
    const port = await freePort();
    await server.listen('127.0.0.1', port);
    const hub = await authority.member('hub', 'h');
    const socket = hub.connect({ role: 'node', memberId: 'n', host: '127.0.0.1', port }).setEncoding('latin1');
    let text = '';
    socket.on('data', (chunk: string) => (text += chunk));
    socket.write(encodePreface({ kind: 'lmtp', hub: 'h', issuedAt: Date.now(), nonce: randomUUID() }, key));
    await once(socket, 'data');
    socket.write('LHLO hub.test\r\nQUIT\r\n');
    await once(socket, 'close');
    server.destroy();
    assert.match(text, /^\+OK \d+\r\n220 node.test LMTP ready\r\n250-node.test.*\r\n221 /s);
  });

  it('is told that its node stops, and not cut', async () => {
    const key = Buffer.alloc(32, 1);
    const backend = new NodeDelivery({ volumes: () => undefined, clock: systemClock, logger: silentLogger });
    const legs = new LmtpLegs(backend, 'node.test', systemClock, silentLogger);
    const authority = await TestAuthority.create('cluster-1');
    const node = await authority.member('node', 'n');
    const server = new DataServer({ lmtp: legs }, node, key, systemClock, silentLogger);
    const port = await freePort();
    await server.listen('127.0.0.1', port);
    const hub = await authority.member('hub', 'h');
    const socket = hub.connect({ role: 'node', memberId: 'n', host: '127.0.0.1', port }).setEncoding('latin1');
    let text = '';
    socket.on('data', (chunk: string) => (text += chunk));
    socket.write(encodePreface({ kind: 'lmtp', hub: 'h', issuedAt: Date.now(), nonce: randomUUID() }, key));
    await until('its greeting', () => text.includes('220 '));
    const closed = once(socket, 'close');
    await legs.drain(5_000);
    await closed;
    server.destroy();
    assert.match(text, /421 4\.3\.2 node\.test is shutting down\r\n$/);
  });
});
