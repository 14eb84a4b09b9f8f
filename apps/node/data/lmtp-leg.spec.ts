import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { connect } from 'node:net';
import { describe, it } from 'node:test';
import { freePort } from '#embedded';
import { encodePreface } from '#protocol/handover';
import { NodeDelivery } from '#server/smtp';
import { silentLogger, systemClock } from '#stdx';
import { until } from '#testing';
import { DataServer } from './data-server.ts';
import { LmtpLegs } from './lmtp-leg.ts';

describe('an LMTP leg', () => {
  it('is answered on the socket that carried the preface', async () => {
    const key = Buffer.alloc(32, 1);
    const backend = new NodeDelivery({ volumes: () => undefined, clock: systemClock, logger: silentLogger });
    const server = new DataServer(
      { lmtp: new LmtpLegs(backend, 'node.test', systemClock, silentLogger) },
      key,
      systemClock,
      silentLogger,
    );
    const port = await freePort();
    await server.listen('127.0.0.1', port);
    const socket = connect(port, '127.0.0.1').setEncoding('latin1');
    let text = '';
    socket.on('data', (chunk: string) => (text += chunk));
    socket.write(encodePreface({ kind: 'lmtp', hub: 'h', issuedAt: Date.now(), nonce: randomUUID() }, key));
    await once(socket, 'data');
    socket.write('LHLO hub.test\r\nQUIT\r\n');
    await once(socket, 'close');
    server.destroy();
    assert.match(text, /^\+OK\r\n220 node.test LMTP ready\r\n250-node.test.*\r\n221 /s);
  });

  it('is told that its node stops, and not cut', async () => {
    const key = Buffer.alloc(32, 1);
    const backend = new NodeDelivery({ volumes: () => undefined, clock: systemClock, logger: silentLogger });
    const legs = new LmtpLegs(backend, 'node.test', systemClock, silentLogger);
    const server = new DataServer({ lmtp: legs }, key, systemClock, silentLogger);
    const port = await freePort();
    await server.listen('127.0.0.1', port);
    const socket = connect(port, '127.0.0.1').setEncoding('latin1');
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
