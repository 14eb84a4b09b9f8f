import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { describe, it } from 'node:test';
import { connect as connectTls, type TlsOptions } from 'node:tls';
import { silentLogger, systemClock, systemRandom } from '#stdx';
import { silentBulletin } from '../limits/bulletin.ts';
import { ConnectionLedger } from '../limits/connection-ledger.ts';
import { selfSignedCertificate } from '../tls/self-signed.ts';
import { type Client, FrontListener } from './front-listener.ts';

const trust = (...networks: string[]) => ({ networks, clock: systemClock, logger: silentLogger });

/** Echoes what a client says, and keeps who it was. */
async function echo(
  networks: readonly string[],
  tls?: TlsOptions,
  ledger = new ConnectionLedger(silentBulletin, systemClock),
) {
  const clients: Client[] = [];
  const sockets = new Set<Socket>();
  const listener = new FrontListener({
    ledger,
    proxies: trust(...networks),
    ...(tls ? { tls } : {}),
    serve: (socket, client) => {
      clients.push(client);
      sockets.add(socket);
      socket.on('error', () => {}).pipe(socket);
    },
    refuse: (socket) => socket.end('refused'),
  });
  const port = await listener.listen('127.0.0.1', 0);
  return {
    clients,
    port,
    [Symbol.dispose]: () => {
      listener.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}

/** What comes back for what is said, up to `bytes` or the end. */
async function told(socket: Socket, bytes: number): Promise<string> {
  let text = '';
  for await (const chunk of socket.iterator({ destroyOnReturn: false })) {
    text += chunk;
    if (text.length >= bytes) break;
  }
  socket.destroy();
  return text;
}

describe('a public port behind a balancer', () => {
  it('takes the client from the header, whole or in pieces, and leaves what follows to the session', async () => {
    using port = await echo(['127.0.0.0/8']);
    const whole = connect(port.port, '127.0.0.1');
    whole.write('PROXY TCP4 192.0.2.7 10.0.0.1 50000 25\r\nhello');
    assert.equal(await told(whole, 5), 'hello');
    const pieces = connect(port.port, '127.0.0.1');
    for (const piece of ['PRO', 'XY TCP6 2001:db8::7 2001:db8::1 4', '00 25\r', '\nhe', 'llo']) {
      pieces.write(piece);
      await systemClock.sleep(5);
    }
    assert.equal(await told(pieces, 5), 'hello');
    assert.deepEqual(port.clients, [
      { address: '192.0.2.7', port: 50_000 },
      { address: '2001:db8::7', port: 400 },
    ]);
  });

  it('drops a trusted connection without a header, and one that ends in it', async () => {
    using port = await echo(['127.0.0.0/8']);
    for (const text of ['EHLO client\r\n', 'PROXY TCP4 192.0.2.7 10.0.0.1 99999 25\r\n', 'PROXY ']) {
      const socket = connect(port.port, '127.0.0.1').on('error', () => {});
      socket.end(text);
      assert.equal(await told(socket, 1).catch(() => ''), '');
    }
    assert.deepEqual(port.clients, []);
  });

  it('believes nobody else', async () => {
    using port = await echo(['10.0.0.0/8', '2001:db8::/32']);
    const text = 'PROXY TCP4 192.0.2.7 10.0.0.1 50000 25\r\n';
    const socket = connect(port.port, '127.0.0.1');
    socket.write(text);
    assert.equal(await told(socket, text.length), text);
    assert.equal(port.clients[0]?.address, '127.0.0.1');
  });

  it('reads the header before the TLS handshake', async () => {
    const { key, certificate } = await selfSignedCertificate(['127.0.0.1'], systemRandom.bytes(15), Date.now());
    using port = await echo(['127.0.0.0/8'], { key, cert: certificate });
    const plain = connect(port.port, '127.0.0.1');
    await once(plain, 'connect');
    plain.write('PROXY TCP4 192.0.2.7 10.0.0.1 50000 993\r\n');
    const secure = connectTls({ socket: plain, ca: certificate, host: '127.0.0.1' });
    secure.write('hello');
    assert.equal(await told(secure, 5), 'hello');
    assert.deepEqual(port.clients, [{ address: '192.0.2.7', port: 50_000 }]);
  });

  it('counts by the client, not by the balancer', async () => {
    const ledger = new ConnectionLedger(silentBulletin, systemClock, {
      connectionsMax: 10,
      perAddressMax: 1,
      exempt: () => false,
    });
    using port = await echo(['127.0.0.0/8'], undefined, ledger);
    const from = (address: string): Socket => {
      const socket = connect(port.port, '127.0.0.1');
      socket.write(`PROXY TCP4 ${address} 10.0.0.1 50000 25\r\nhello`);
      return socket;
    };
    const first = from('192.0.2.1');
    await once(first, 'data');
    assert.equal(await told(from('192.0.2.1'), 7), 'refused');
    assert.equal(await told(from('192.0.2.2'), 5), 'hello');
    first.destroy();
  });

  it('says which network is none', () => {
    assert.throws(() => new FrontListener({ ...UNUSED, proxies: trust('10.0.0.0/99') }), /10\.0\.0\.0\/99/);
    assert.throws(() => new FrontListener({ ...UNUSED, proxies: trust('balancer') }), /balancer/);
  });
});

const UNUSED = { ledger: new ConnectionLedger(silentBulletin, systemClock), serve: () => {}, refuse: () => {} };
