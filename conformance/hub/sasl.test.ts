import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, it } from 'node:test';
import type { TLSSocket } from 'node:tls';
import { type ImapTestClient, ScramTestClient } from '#testing';
import { type HubWorld, hubWorld, passwordOf } from './world.ts';

const ALICE = 'alice@acme.test';
const b64 = (bytes: Buffer | string): string => Buffer.from(bytes).toString('base64');
const read = (line: string | null): Buffer => Buffer.from((line ?? '').replace(/^(\+|334) /, ''), 'base64');

/** What a client knows of its TLS connection (RFC 9266, RFC 5929); our own certificate is signed with SHA-256. */
const BINDINGS: readonly [string, (socket: TLSSocket) => Buffer][] = [
  ['tls-exporter', (socket) => socket.exportKeyingMaterial(32, 'EXPORTER-Channel-Binding', Buffer.alloc(0))],
  ['tls-server-end-point', (socket) => createHash('sha256').update(socket.getPeerX509Certificate()!.raw).digest()],
];

/** Signs in by SCRAM; resolves with the tagged line. */
async function scram(client: ImapTestClient, mechanism: string, exchange: ScramTestClient): Promise<string> {
  client.send(`s AUTHENTICATE ${mechanism} ${b64(exchange.first())}\r\n`);
  client.send(`${b64(exchange.final(read(await client.line())))}\r\n`);
  const answer = (await client.line()) ?? '';
  if (!answer.startsWith('+')) return answer;
  assert.ok(exchange.isProvenBy(read(answer)), 'the server knows the password too');
  client.send('\r\n');
  return (await client.response()) ?? '';
}

const tokenOf = async (world: HubWorld): Promise<string> => {
  const input = { accountId: world.alice.id, name: 'spec', lifetimeMs: 3_600_000 };
  const made = await world.registry.createAccountToken(world.system, input);
  assert.ok(made.ok);
  return made.value.secret;
};

describe('SASL at the IMAP ports', () => {
  it('SCRAM-SHA-256-PLUS, bound either way', async () => {
    await using world = await hubWorld();
    for (const [name, of] of BINDINGS) {
      const client = await world.imap(true);
      assert.match((await client.ok('CAPABILITY'))[0] ?? '', / AUTH=SCRAM-SHA-256-PLUS AUTH=SCRAM-SHA-256 /);
      const binding = { name, data: of(client.stream as TLSSocket) };
      const exchange = new ScramTestClient(ALICE, passwordOf(ALICE), binding);
      assert.match(await scram(client, 'SCRAM-SHA-256-PLUS', exchange), /^s OK \[CAPABILITY/, name);
      await client.ok('SELECT INBOX');
    }
  });

  it('SCRAM-SHA-256, after STARTTLS or without', async () => {
    await using world = await hubWorld();
    const client = await world.imap();
    assert.match(
      await scram(client, 'SCRAM-SHA-256', new ScramTestClient(ALICE, 'wrong')),
      /^s NO \[AUTHENTICATIONFAILED\]/,
    );
    assert.match(await scram(client, 'SCRAM-SHA-256', new ScramTestClient(ALICE, passwordOf(ALICE))), /^s OK/);
    await client.ok('SELECT INBOX');
  });

  it('tells a client that somebody took -PLUS off the list', async () => {
    await using world = await hubWorld();
    const client = await world.imap(true);
    const exchange = new ScramTestClient(ALICE, passwordOf(ALICE), undefined, 'y');
    client.send(`s AUTHENTICATE SCRAM-SHA-256 ${b64(exchange.first())}\r\n`);
    assert.match((await client.line()) ?? '', /^s NO \[AUTHENTICATIONFAILED\] Channel binding/);
  });

  it('OAUTHBEARER and XOAUTH2', async () => {
    await using world = await hubWorld();
    const token = await tokenOf(world);
    for (const [mechanism, initial] of [
      ['OAUTHBEARER', `n,a=${ALICE},\x01host=x\x01auth=Bearer ${token}\x01\x01`],
      ['XOAUTH2', `user=${ALICE}\x01auth=Bearer ${token}\x01\x01`],
    ] as const) {
      const client = await world.imap();
      assert.match((await client.command(`AUTHENTICATE ${mechanism} ${b64(initial)}`)).tagged, /^OK/);
      const refused = await world.imap();
      refused.send(`t AUTHENTICATE ${mechanism} ${b64(initial.replace(token, `${token}x`))}\r\n`);
      // RFC 7628 §3.2.3: why, then the client's dummy, then NO.
      assert.match(read(await refused.line()).toString(), /"status":"(invalid_token|401)"/);
      refused.send(`${b64('\x01')}\r\n`);
      assert.match((await refused.line()) ?? '', /^t NO \[AUTHENTICATIONFAILED\]/);
    }
  });
});

describe('SASL at the submission ports', () => {
  it('SCRAM-SHA-256 and OAUTHBEARER', async () => {
    await using world = await hubWorld();
    const token = await tokenOf(world);
    const client = await world.smtp();
    client.send('EHLO client.test\r\n');
    let line = await client.line();
    let mechanisms = '';
    for (; line?.startsWith('250-'); line = await client.line()) if (line.includes('AUTH ')) mechanisms = line;
    assert.match(`${mechanisms}${line}`, /AUTH SCRAM-SHA-256 OAUTHBEARER XOAUTH2 PLAIN LOGIN/);
    client.send(`AUTH OAUTHBEARER ${b64(`n,,\x01auth=Bearer ${token}y\x01\x01`)}\r\n`);
    assert.match(read(await client.line()).toString(), /invalid_token/);
    client.send(`${b64('\x01')}\r\n`);
    assert.equal(await client.line(), '535 5.7.8 Authentication credentials invalid');
    const exchange = new ScramTestClient(ALICE, passwordOf(ALICE));
    client.send(`AUTH SCRAM-SHA-256 ${b64(exchange.first())}\r\n`);
    client.send(`${b64(exchange.final(read(await client.line())))}\r\n`);
    assert.ok(exchange.isProvenBy(read(await client.line())));
    client.send('\r\n');
    assert.equal(await client.line(), '235 2.7.0 Authentication succeeded');
    client.send(`MAIL FROM:<${ALICE}>\r\n`);
    assert.match((await client.line()) ?? '', /^250/);
  });
});
