import assert from 'node:assert/strict';
import { once } from 'node:events';
import { describe, it } from 'node:test';
import { freePort } from '#embedded';
import { encodePreface, type Preface } from '#protocol/handover';
import { RELEASE, silentLogger, systemClock } from '#stdx';
import { TestAuthority } from '#testing';
import { DataServer, type LegServers } from './data-server.ts';

const KEY = Buffer.alloc(32, 7);
const authority = await TestAuthority.create('cluster-1');
const nodeTrust = await authority.member('node', 'n');
const preface = (issuedAt = Date.now()): Preface => ({ kind: 'lmtp', hub: 'h', issuedAt, nonce: 'n' });

async function exchange(
  bytes: string | Buffer,
  servers: LegServers = echo,
  role: 'hub' | 'control' | 'node' = 'hub',
): Promise<string> {
  const server = new DataServer(servers, nodeTrust, KEY, systemClock, silentLogger);
  const port = await freePort();
  await server.listen('127.0.0.1', port);
  const caller = await authority.member(role, 'caller');
  const socket = caller.connect({ role: 'node', memberId: 'n', host: '127.0.0.1', port });
  socket.on('error', () => {});
  socket.end(bytes);
  let text = '';
  socket.setEncoding('latin1').on('data', (chunk: string) => (text += chunk));
  await once(socket, 'close');
  server.destroy();
  return text;
}

const echo: LegServers = {
  lmtp: {
    admit: () => ({ ok: true }),
    serve: ({ socket, first }) => {
      socket.end(first);
    },
  },
};

describe('the data port', () => {
  it('serves a leg and hands on what came behind the preface', async () => {
    assert.equal(
      await exchange(`${encodePreface(preface(), KEY)}LHLO hub\r\n`),
      `+OK ${RELEASE.protocol.newest}\r\nLHLO hub\r\n`,
    );
  });

  const refused: readonly [string, string | Buffer, RegExp][] = [
    ['a preface signed with another key', encodePreface(preface(), Buffer.alloc(32, 8)), /^-ERR DENIED badSignature/],
    ['an old preface', encodePreface(preface(Date.now() - 60_000), KEY), /^-ERR DENIED expired/],
    ['a client that speaks another protocol', 'EHLO me\r\n', /^-ERR DENIED malformed/],
    ['a line without an end', Buffer.alloc(10_000, 0x41), /^-ERR DENIED malformed/],
    ['NULs', Buffer.from([0, 0, 0x0a]), /^-ERR DENIED malformed/],
    [
      'a hub two releases ahead',
      encodePreface(preface(), KEY, { oldest: RELEASE.protocol.newest + 1, newest: RELEASE.protocol.newest + 2 }),
      /^-ERR DENIED otherProtocol/,
    ],
    ['a kind nobody serves', encodePreface({ ...preface(), kind: 'rpc' } as Preface, KEY), /^-ERR UNAVAILABLE/],
  ];
  for (const [what, bytes, answer] of refused) {
    it(`refuses ${what}`, async () => assert.match(await exchange(bytes), answer));
  }

  it('takes mail and sessions from hubs alone', async () => {
    const bytes = encodePreface(preface(), KEY);
    assert.match(await exchange(bytes, echo, 'control'), /^-ERR DENIED lmtp of a control/);
    assert.equal(await exchange(bytes, echo, 'node'), '', 'another node is not even heard');
  });

  it("says STALE when the volume is not this node's", async () => {
    const stale: LegServers = {
      lmtp: { admit: () => ({ ok: false, code: 'STALE', text: 'gone' }), serve: () => assert.fail('served') },
    };
    assert.equal(await exchange(encodePreface(preface(), KEY), stale), '-ERR STALE gone\r\n');
  });
});
