import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type IncomingMessage, request, type Server } from 'node:http';
import { get as getSecure } from 'node:https';
import { type AddressInfo, connect } from 'node:net';
import { describe, it } from 'node:test';
import { silentLogger, systemClock, systemRandom } from '#stdx';
import { temporaryDirectory } from '#testing';
import { silentBulletin } from '../limits/bulletin.ts';
import { ConnectionLedger } from '../limits/connection-ledger.ts';
import { storedCertificate } from '../tls/certificates.ts';
import { HttpFront } from './http-front.ts';
import { DEFAULT_UPSTREAM_LIMITS, Upstream, type UpstreamLimits } from './upstream.ts';

const api = async (handler: Parameters<typeof createServer>[1]): Promise<Server & { url: string }> => {
  const server = createServer(handler!).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return Object.assign(server, { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` });
};

async function frontFor(url: string, limits: Partial<UpstreamLimits> = {}) {
  const upstream = new Upstream(new URL(url), systemClock, silentLogger, { ...DEFAULT_UPSTREAM_LIMITS, ...limits });
  const front = new HttpFront({
    hubName: 'hub<1>',
    upstreams: new Map([['/api', upstream]]),
    healthy: () => true,
    ledger: new ConnectionLedger(silentBulletin, systemClock),
  });
  const port = await front.listen('127.0.0.1', 0);
  const close = async (): Promise<void> => {
    upstream.close();
    const closed = front.close();
    front.destroy();
    await closed;
  };
  return { front, port, url: `http://127.0.0.1:${port}`, [Symbol.asyncDispose]: close };
}

async function bodyOf(message: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of message) text += chunk;
  return text;
}

describe('the HTTP front', () => {
  it('forwards, telling who asked and keeping the connection to itself', async () => {
    let seen: IncomingMessage | undefined;
    const server = await api((incoming, response) => {
      seen = incoming;
      void bodyOf(incoming).then((text) =>
        response
          .writeHead(201, { 'x-answer': 'yes', 'keep-alive': 'timeout=9', etag: '"1"' })
          .end(`got ${text.length}`),
      );
    });
    await using front = await frontFor(server.url);
    const body = 'x'.repeat(300_000);
    const answer = await fetch(`${front.url}/api/v1/things?a=b`, {
      method: 'POST',
      body,
      headers: {
        'x-forwarded-for': '203.0.113.9',
        forwarded: 'for=203.0.113.9',
        te: 'trailers',
        'idempotency-key': 'k',
      },
    });
    assert.equal(answer.status, 201);
    assert.equal(await answer.text(), `got ${body.length}`);
    assert.equal(answer.headers.get('x-answer'), 'yes');
    assert.equal(answer.headers.get('keep-alive') ?? 'timeout=5', 'timeout=5');
    assert.equal(seen?.url, '/api/v1/things?a=b');
    const { headers } = seen!;
    assert.equal(headers['x-forwarded-for'], '127.0.0.1');
    assert.equal(headers['x-forwarded-proto'], 'http');
    assert.equal(headers['x-forwarded-host'], `127.0.0.1:${front.port}`);
    assert.equal(headers['idempotency-key'], 'k');
    assert.equal(headers['forwarded'], undefined);
    assert.equal(headers['te'], undefined);
    server.close();
  });

  it('streams an answer as it comes', async () => {
    const server = await api((_, response) => {
      response.write('first');
    });
    await using front = await frontFor(server.url);
    const answer = await fetch(`${front.url}/api/stream`);
    const { value } = await answer.body!.getReader().read();
    assert.equal(Buffer.from(value!).toString(), 'first');
    server.closeAllConnections();
    server.close();
  });

  it('says so when the API is away, slow or breaks off', async () => {
    const gone = await api(() => {});
    gone.close();
    await once(gone, 'close');
    const mute = await api(() => {});
    const broken = await api((_, response) => {
      response.writeHead(200, { 'content-length': '100' }).write('half');
      setTimeout(() => response.destroy(), 20);
    });
    for (const [server, status, code] of [
      [gone, 502, 'upstreamUnreachable'],
      [mute, 504, 'upstreamTimeout'],
    ] as const) {
      await using front = await frontFor(server.url, { answerMs: 50 });
      const answer = await fetch(`${front.url}/api/x`, { method: 'POST', body: 'x' });
      assert.equal(answer.status, status);
      assert.equal(answer.headers.get('content-type'), 'application/problem+json');
      assert.equal(((await answer.json()) as { code: string }).code, code);
    }
    await using front = await frontFor(broken.url);
    await assert.rejects(fetch(`${front.url}/api/x`).then((answer) => answer.text()));
    for (const server of [mute, broken]) {
      server.closeAllConnections();
      server.close();
    }
  });

  it('asks again what may be asked again, when nobody answered', async () => {
    const asked: string[] = [];
    const server = await api((incoming, response) => {
      asked.push(incoming.method ?? '');
      if (asked.length === 1) response.destroy();
      else response.end('here');
    });
    await using front = await frontFor(server.url);
    assert.equal(await (await fetch(`${front.url}/api/x`)).text(), 'here');
    assert.deepEqual(asked, ['GET', 'GET']);
    asked.length = 0;
    assert.equal((await fetch(`${front.url}/api/x`, { method: 'POST', body: 'x' })).status, 502);
    assert.deepEqual(asked, ['POST'], 'what may have been done is not done twice');
    server.close();
    server.closeAllConnections();
  });

  it('gives up asking in time', async () => {
    const gone = await api(() => {});
    gone.close();
    await once(gone, 'close');
    await using front = await frontFor(gone.url, { againMs: 300 });
    const since = performance.now();
    assert.equal((await fetch(`${front.url}/api/x`)).status, 502);
    assert.ok(performance.now() - since >= 300);
  });

  it('joins an upgraded connection', async () => {
    const server = await api(() => {});
    server.on('upgrade', (_, socket) => {
      socket.write('HTTP/1.1 101 Switching Protocols\r\nconnection: Upgrade\r\nupgrade: echo\r\n\r\n');
      socket.pipe(socket);
    });
    await using front = await frontFor(server.url);
    const socket = connect(front.port, '127.0.0.1');
    socket.write('GET /api/ws HTTP/1.1\r\nhost: x\r\nconnection: Upgrade\r\nupgrade: echo\r\n\r\n');
    let text = '';
    socket.on('data', (chunk) => {
      text += chunk;
    });
    while (!text.includes('\r\n\r\n')) await once(socket, 'data');
    assert.match(text, /^HTTP\/1.1 101 /);
    socket.write('ping');
    while (!text.endsWith('ping')) await once(socket, 'data');
    socket.destroy();
    server.close();
  });

  it('has a page, a health check, and nothing else', async () => {
    await using front = await frontFor('http://127.0.0.1:9');
    const page = await fetch(`${front.url}/`);
    assert.match(await page.text(), /hub&#60;1&#62;.*no webmail here yet/s);
    assert.equal((await fetch(`${front.url}/healthz`)).status, 200);
    assert.equal((await fetch(`${front.url}/apiary`)).status, 404);
    assert.equal((await fetch(`${front.url}/portal`)).status, 404);
    assert.equal((await fetch(`${front.url}/`, { method: 'DELETE' })).status, 404);
  });

  it('speaks TLS', async () => {
    using directory = temporaryDirectory();
    const { material } = await storedCertificate(
      directory.path,
      ['127.0.0.1'],
      systemClock,
      systemRandom,
      silentLogger,
    );
    let proto: string | string[] | undefined;
    const server = await api((incoming, response) => {
      proto = incoming.headers['x-forwarded-proto'];
      response.end('ok');
    });
    await using front = await frontFor(server.url);
    const port = await front.front.listen('127.0.0.1', 0, { key: material.key, cert: material.certificate });
    const asked = getSecure({ host: '127.0.0.1', port, path: '/api', ca: material.certificate, agent: false });
    const [answer] = (await once(asked, 'response')) as [IncomingMessage];
    assert.equal(await bodyOf(answer), 'ok');
    assert.equal(proto, 'https');
    server.close();
  });

  it('drops the request behind when the client goes away', async () => {
    let dropped: () => void = () => {};
    const gone = new Promise<void>((resolve) => {
      dropped = resolve;
    });
    const server = await api((incoming, response) => {
      response.on('close', dropped);
      incoming.resume();
    });
    await using front = await frontFor(server.url);
    const asked = request(`${front.url}/api/long`).on('error', () => {});
    asked.end();
    setTimeout(() => asked.destroy(), 50);
    await gone;
    server.close();
  });
});
