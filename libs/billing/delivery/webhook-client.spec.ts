import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { after, before, describe, it } from 'node:test';
import { systemClock } from '#stdx';
import { isPrivateAddress, WebhookClient } from './index.ts';

describe('webhooks', () => {
  let server: Server;
  let base = '';
  const seen: { headers: IncomingMessage['headers']; body: string }[] = [];
  const secret = Buffer.alloc(32, 7);
  const client = new WebhookClient(systemClock, { allowsPrivate: true, timeoutMs: 300 });

  before(async () => {
    server = createServer((request, response) => {
      void text(request).then((body) => {
        seen.push({ headers: request.headers, body });
        if (request.url === '/slow') return;
        if (request.url === '/moved') response.setHeader('location', `${base}/there`);
        response.writeHead(Number(request.url?.slice(1)) || 302).end('x'.repeat(100_000));
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  after(() => {
    server.closeAllConnections();
    server.close();
  });

  it('signs id, time and body, so that the receiver can check them', async () => {
    const answer = await client.call({ url: `${base}/204`, secret, id: 'msg_1', body: '{"type":"invoice.paid"}' });
    assert.deepEqual(answer, { status: 204, failure: null });
    const { headers, body } = seen.at(-1)!;
    const signed = `${headers['webhook-id']}.${headers['webhook-timestamp']}.${body}`;
    assert.equal(headers['webhook-signature'], `v1,${createHmac('sha256', secret).update(signed).digest('base64')}`);
    assert(Math.abs(Number(headers['webhook-timestamp']) - Date.now() / 1_000) < 60);
  });

  for (const [path, status, failure] of [
    ['/500', 500, /^$/],
    ['/moved', 302, /^$/],
    ['/slow', null, /abort|timeout/i],
  ] as const)
    it(`${path}: says what the endpoint said, and follows nothing`, async () => {
      const calls = seen.length;
      const answer = await client.call({ url: `${base}${path}`, secret, id: 'msg_2', body: '{}' });
      assert.equal(answer.status, status);
      assert.match(answer.failure ?? '', failure);
      assert.equal(seen.length, calls + 1);
    });

  it('calls nobody inside', async () => {
    const strict = new WebhookClient(systemClock, { timeoutMs: 300 });
    const calls = seen.length;
    for (const [url, failure] of [
      [`${base}/200`, /needs https/],
      ['https://127.0.0.1/', /private network/],
      ['https://[::1]/', /private network/],
      ['https://[::ffff:10.0.0.1]/', /private network/],
      ['https://localhost:1/', /private network/],
      ['https://169.254.169.254/latest/meta-data', /private network/],
    ] as const) {
      const answer = await strict.call({ url, secret, id: 'msg_3', body: '{}' });
      assert.equal(answer.status, null, url);
      assert.match(answer.failure ?? '', failure, url);
    }
    assert.equal(seen.length, calls);
  });

  it('tells private addresses from public ones', () => {
    for (const address of [
      '10.1.2.3',
      '172.31.0.1',
      '192.168.1.1',
      '100.64.0.1',
      '0.0.0.0',
      '::1',
      'fd00::1',
      'fe80::1',
      '::ffff:127.0.0.1',
    ])
      assert(isPrivateAddress(address), address);
    for (const address of ['9.9.9.9', '172.32.0.1', '2606:4700::1111', '::ffff:9.9.9.9'])
      assert(!isPrivateAddress(address), address);
  });
});
