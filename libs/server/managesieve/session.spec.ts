import assert from 'node:assert/strict';
import { duplexPair } from 'node:stream';
import { it } from 'node:test';
import { streamConnection } from '#connection';
import { MemoryMailStore } from '#mailstore/memory';
import { messageParser } from '#protocol/message';
import { silentLogger, systemContext } from '#stdx';
import { ManageSieveTestClient, SimulatedClock } from '#testing';
import { ManageSieveSession } from './session.ts';

const account = { accountId: 'a', email: 'a@x.test', partnerId: 'p', quotaBytes: 0 };

async function signedIn(): Promise<ManageSieveTestClient> {
  const clock = new SimulatedClock();
  const store = new MemoryMailStore({ parse: messageParser, clock });
  const [near, far] = duplexPair();
  const connection = streamConnection(far);
  const shared = { store, account, context: systemContext('test'), clock, logger: silentLogger };
  void new ManageSieveSession({ ...shared, connection, greeting: 'signedIn' }).run();
  const client = new ManageSieveTestClient(near);
  await client.answer();
  return client;
}

it('a script that is too large is thrown away and refused as such, and the session goes on', async () => {
  const client = await signedIn();
  for (let round = 0; round < 25; round++) {
    const { status } = await client.command(`PUTSCRIPT "x" {300000+}\r\n${'LOGOUT\r\n'.repeat(37_500)}`);
    assert.equal(status, 'NO (QUOTA/MAXSIZE) "Literal is too long"');
  }
  await client.ok('NOOP');
});

it('a client that says nothing sensible is let go', async () => {
  const client = await signedIn();
  for (let round = 0; round < 20; round++) client.send('HELLO\r\n');
  for (let round = 0; round < 20; round++) assert.equal((await client.answer()).status, 'NO "Unknown command"');
  assert.equal((await client.answer()).status, 'BYE "Too many bad commands"');
  assert.equal(await client.line(), null);
});
