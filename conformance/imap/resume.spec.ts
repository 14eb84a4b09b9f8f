import assert from 'node:assert/strict';
import { Duplex, duplexPair } from 'node:stream';
import { describe, it } from 'node:test';
import type { Channel } from '#carrier';
import { streamConnection } from '#connection';
import type { MailStore } from '#mailstore/api';
import { createVolume, openVolume } from '#mailstore/volume';
import { decodeMark, type SessionMark } from '#protocol/handover';
import { messageParser } from '#protocol/message';
import { ImapSession } from '#server/imap';
import { silentLogger, systemClock, systemContext } from '#stdx';
import { ImapTestClient, legPair, listenTo, temporaryDirectory, until } from '#testing';

const ACCOUNT = { accountId: 'a1', email: 'ann@example.test', partnerId: 'p1', quotaBytes: 0 };
const MESSAGE = 'Subject: x\r\n\r\nx\r\n';
const base = { context: systemContext('resume'), account: ACCOUNT, clock: systemClock, logger: silentLogger };

async function direct(store: MailStore): Promise<ImapTestClient> {
  const [near, far] = duplexPair();
  void new ImapSession({ ...base, store, connection: streamConnection(far), greeting: 'preauth' }).run();
  const client = new ImapTestClient(near);
  await client.response();
  return client;
}

/** The hub's part: one client, and legs that come and go behind it. */
class Hub {
  readonly client: ImapTestClient;
  private leg: Channel | undefined;
  private mark: SessionMark | undefined;
  private readonly side: Duplex;

  constructor() {
    this.side = new Duplex({
      read() {},
      write: (chunk: Buffer, _, done) => {
        this.leg?.write(chunk);
        done();
      },
    });
    this.client = new ImapTestClient(this.side);
  }

  /** A new leg: a login, or on from the last mark. */
  async attach(store: MailStore): Promise<void> {
    const { connection, channel } = await legPair();
    this.leg = channel;
    const greeting = this.mark ? { mark: this.mark.state } : { tag: 'login' };
    void new ImapSession({ ...base, store, connection, greeting }).run();
    listenTo(channel, {
      data: (bytes) => void this.side.push(bytes),
      mark: (payload) => {
        this.mark = decodeMark(payload);
      },
    });
  }

  lose(): void {
    this.leg?.reset();
    this.leg = undefined;
  }

  /** Waits for the mark that says so many units of this leg are answered. */
  async answered(units: number): Promise<void> {
    await until('the mark', () => this.mark?.answered === units);
  }
}

describe('a session whose volume goes to another owner', () => {
  it('goes on from its mark, in IDLE too, and tells exactly what changed', async () => {
    using directory = temporaryDirectory();
    const { path } = directory;
    const identity = { volumeId: 'v1', clusterId: 'c1' };
    await createVolume(path, identity);
    const open = (epoch: number): Promise<MailStore> =>
      openVolume({ ...identity, path, epoch, clock: systemClock, logger: silentLogger, parse: () => messageParser() });

    const first = await open(1);
    const hub = new Hub();
    await hub.attach(first);
    assert.match((await hub.client.response()) ?? '', /^login OK \[CAPABILITY IMAP4rev1/);
    for (let i = 0; i < 4; i++) await hub.client.append('INBOX', MESSAGE);
    await hub.client.ok('SELECT INBOX');
    // What another client does while ours may not be told of expunges stays to be told.
    const other = await direct(first);
    await other.ok('SELECT INBOX');
    await other.ok('UID STORE 2 +FLAGS.SILENT (\\Deleted)');
    await other.ok('EXPUNGE');
    assert.deepEqual(await hub.client.ok('FETCH 4 (UID)'), ['4 FETCH (UID 4)']);
    hub.client.send('i IDLE\r\n');
    assert.equal(await hub.client.response(), '+ idling');
    assert.equal(await hub.client.response(), '* 2 EXPUNGE');
    await hub.answered(7);
    hub.lose();
    await first.close();

    const second = await open(2);
    const later = await direct(second);
    await later.ok('SELECT INBOX');
    await later.ok('UID STORE 1 +FLAGS.SILENT (\\Flagged)');
    await later.ok('UID STORE 3 +FLAGS.SILENT (\\Deleted)');
    await later.ok('EXPUNGE');
    await later.append('INBOX', MESSAGE);
    await hub.attach(second);
    for (const news of ['* 2 EXPUNGE', '* 3 EXISTS', '* 1 FETCH (UID 1 FLAGS (\\Flagged \\Recent))'])
      assert.equal(await nextButRecent(hub.client), news);
    await later.append('INBOX', MESSAGE);
    assert.equal(await nextButRecent(hub.client), '* 4 EXISTS');
    await hub.client.response();
    hub.client.send('DONE\r\n');
    assert.equal(await hub.client.response(), 'i OK IDLE completed');
    assert.deepEqual(await hub.client.ok('UID SEARCH ALL'), ['SEARCH 1 4 5 6']);
    hub.lose();
    later.close();
    await second.close();
  });
});

async function nextButRecent(client: ImapTestClient): Promise<string | null> {
  for (;;) {
    const response = await client.response();
    if (!response?.endsWith('RECENT')) return response;
  }
}
