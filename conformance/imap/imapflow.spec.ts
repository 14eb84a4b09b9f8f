import assert from 'node:assert/strict';
import { createServer, type Socket } from 'node:net';
import { after, before, describe, it } from 'node:test';
import { ImapFlow } from 'imapflow';
import { streamConnection } from '#connection';
import { MemoryMailStore } from '#mailstore/memory';
import { commandTag } from '#protocol/imap';
import { messageParser } from '#protocol/message';
import { ImapSession } from '#server/imap';
import { silentLogger, systemClock, systemContext } from '#stdx';
import { until } from '#testing';

/** Stands in for the hub: greets, answers CAPABILITY and ID, takes any LOGIN and hands over. */
function frontDoor(socket: Socket, serve: (tag: string) => void): void {
  socket.write('* OK [CAPABILITY IMAP4rev1 LITERAL+ ID] ready\r\n');
  let text = '';
  const onData = (chunk: Buffer): void => {
    text += chunk.toString('latin1');
    for (let end = text.indexOf('\r\n'); end >= 0; end = text.indexOf('\r\n')) {
      const line = text.slice(0, end);
      text = text.slice(end + 2);
      const tag = commandTag(Buffer.from(line)) ?? '*';
      const name = line.split(' ')[1]?.toUpperCase();
      if (name === 'LOGIN') {
        socket.off('data', onData);
        socket.pause();
        serve(tag);
        return;
      }
      socket.write(name === 'CAPABILITY' ? `* CAPABILITY IMAP4rev1 LITERAL+ ID\r\n${tag} OK\r\n` : `${tag} OK\r\n`);
    }
  };
  socket.on('data', onData);
}

describe('imapflow, a real client, over a socket', () => {
  const store = new MemoryMailStore({ parse: () => messageParser(), clock: systemClock });
  const account = { accountId: 'a1', email: 'ann@example.test', partnerId: 'p1', quotaBytes: 100_000_000 };
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    frontDoor(socket, (tag) => {
      const connection = streamConnection(socket);
      const context = systemContext('imapflow');
      const options = { store, context, account, clock: systemClock, logger: silentLogger };
      void new ImapSession({ ...options, connection, greeting: { tag } }).run();
    });
  });
  const client = (): ImapFlow => {
    const { port } = server.address() as { port: number };
    const auth = { user: 'ann', pass: 'secret' };
    return new ImapFlow({ host: '127.0.0.1', port, secure: false, doSTARTTLS: false, auth, logger: false });
  };
  before(() => new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve)));
  after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });

  it('appends, lists, reads, flags, searches, copies, moves, deletes', async () => {
    const flow = client();
    await flow.connect();
    const text = 'From: Ann <ann@example.test>\r\nSubject: =?utf-8?q?gr=C3=BC=C3=9Fe?=\r\n\r\nhello\r\n';
    await flow.append('INBOX', text, ['\\Seen'], new Date('2026-02-07T10:00:00Z'));
    await flow.append('INBOX', text.replace('hello', 'second'));
    const created = await flow.mailboxCreate(['Projekte', 'Entwürfe']);
    assert.equal(created.path, 'Projekte/Entwürfe');
    const paths = (await flow.list()).map(({ path }) => path);
    for (const path of ['INBOX', 'Sent', 'Projekte', 'Projekte/Entwürfe']) assert.ok(paths.includes(path), path);
    const lock = await flow.getMailboxLock('INBOX');
    try {
      const all = await flow.fetchAll('1:*', {
        envelope: true,
        flags: true,
        bodyStructure: true,
        internalDate: true,
        uid: true,
      });
      assert.deepEqual(
        all.map(({ seq, uid, envelope, flags }) => [seq, uid, envelope?.subject, [...(flags ?? [])]]),
        [
          [1, 1, 'grüße', ['\\Seen']],
          [2, 2, 'grüße', []],
        ],
      );
      const one = await flow.fetchOne('2', { source: true });
      assert.equal(one ? one.source?.toString() : undefined, text.replace('hello', 'second'));
      assert.deepEqual(await flow.search({ body: 'second' }, { uid: true }), [2]);
      await flow.messageFlagsAdd('1:2', ['\\Flagged', '$Forwarded']);
      assert.deepEqual(await flow.search({ flagged: true }), [1, 2]);
      const copied = await flow.messageCopy('1', 'Projekte');
      assert.deepEqual(copied && copied.uidMap, new Map([[1, 1]]));
      await flow.messageMove('2', 'Trash');
      await flow.messageDelete('1');
      assert.equal(flow.mailbox && flow.mailbox.exists, 0);
    } finally {
      lock.release();
    }
    const status = await flow.status('Projekte', { messages: true, unseen: true, size: true });
    assert.deepEqual(status && [status.messages, status.unseen], [1, 0]);
    const quota = await flow.getQuota('INBOX');
    assert.ok(quota && (quota.storage?.limit ?? 0) > 0);
    await flow.logout();
  });

  it('hears of new mail in IDLE', async () => {
    const [listener, sender] = [client(), client()];
    await Promise.all([listener.connect(), sender.connect()]);
    const lock = await listener.getMailboxLock('INBOX');
    let exists = 0;
    listener.on('exists', (event: { count: number }) => {
      exists = event.count;
    });
    const before = listener.mailbox ? listener.mailbox.exists : 0;
    const idle = listener.idle();
    await sender.append('INBOX', 'Subject: news\r\n\r\n');
    await until('news of the message', () => exists === before + 1);
    lock.release();
    await listener.noop();
    await idle;
    await Promise.all([listener.logout(), sender.logout()]);
  });

  it('streams a large message both ways', async () => {
    const flow = client();
    await flow.connect();
    const line = `${'0123456789'.repeat(7)}\r\n`;
    const text = `Subject: large\r\n\r\n${line.repeat(150_000)}`;
    await flow.append('Archive', text);
    const lock = await flow.getMailboxLock('Archive');
    try {
      const one = await flow.fetchOne('*', { source: true });
      assert.ok(one && one.source?.equals(Buffer.from(text)), 'the bytes come back');
    } finally {
      lock.release();
    }
    await flow.logout();
  });
});
