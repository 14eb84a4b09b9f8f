import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { EmbeddedCluster } from './embedded-cluster.ts';
import { doubleOwners } from './epochs.ts';
import { activeNodes, usersOn, wholeAgain } from './faults.ts';
import { ImapClient } from './imap-client.ts';
import { campaign, type Fault } from './rounds.ts';
import { SmtpClient } from './smtp-client.ts';

/** Longest a user may be without service, by fault (docs/CLUSTER.md). */
const LIMITS: readonly (readonly [Fault, number])[] = [
  ['kill-node', 3_000],
  ['kill-leader', 3_000],
  ['freeze-node', 6_000],
];

describe('a cluster under load', () => {
  let cluster: EmbeddedCluster;
  before(async () => {
    cluster = await EmbeddedCluster.start(['--restart']);
  });
  after(() => cluster.stop());

  for (const [fault, limitMs] of LIMITS) {
    it(`heals from ${fault} within ${limitMs / 1000} s and loses nothing it acknowledged`, async () => {
      const result = await campaign(cluster, fault, 2, () => {});
      assert.ok(result.acknowledged > 20, `only ${result.acknowledged} messages were acknowledged`);
      assert.deepEqual(result.missing, []);
      assert.deepEqual(result.altered, []);
      assert.deepEqual(doubleOwners(cluster).broken, []);
      for (const round of result.results) {
        assert.equal(round.disturbed, 0, 'sessions that had nothing to do with it noticed');
        for (const { milliseconds } of round.outages) assert.ok(milliseconds <= limitMs, `${milliseconds} ms`);
      }
    });
  }

  it('answers a message whose node dies in mid-DATA with a temporary error, keeps the session, and takes it the second time', async () => {
    await wholeAgain(cluster);
    const [target] = activeNodes(cluster);
    assert.ok(target?.pid);
    const [user] = await usersOn(cluster, target.name);
    assert.ok(user);
    const [hub] = cluster.file.hubs;
    assert.ok(hub);
    const client = await SmtpClient.open(hub.ports.smtp);
    const text = `Subject: cut in half\r\n\r\n${`${'x'.repeat(70)}\r\n`.repeat(20_000)}`;
    await client.command('MAIL FROM:<sender@outside.example>', 250);
    await client.command(`RCPT TO:<${user.email}>`, 250);
    await client.command('DATA', 354);
    client.write(text.slice(0, text.length / 2));
    await new Promise((resolve) => setTimeout(resolve, 300));
    process.kill(target.pid, 'SIGKILL');
    await assert.rejects(() => client.command(`${text.slice(text.length / 2)}\r\n.`, 250), /expected 250, got: 4[25]1/);
    await client.send('sender@outside.example', [user.email], Buffer.from(text));
    const reader = await ImapClient.signIn(hub.ports.imap, user);
    await reader.ok('SELECT INBOX');
    const [found = ''] = await reader.ok('SEARCH SUBJECT "cut in half"');
    assert.equal(found.trim().split(' ').length, 3, `once and only once: ${found}`);
    reader.close();
    await client.quit();
  });
});
