import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import type { MailStore } from '#mailstore/api';
import { messageParser } from '#protocol/message';
import { collect, silentLogger, systemClock, systemContext } from '#stdx';
import { temporaryDirectory } from '#testing';
import { assertSound } from './crash/soundness.ts';
import { createVolume, indexPath } from './identity.ts';
import { openVolume } from './open-volume.ts';

const context = systemContext('upgrade');
const identity = { volumeId: 'stored', clusterId: 'stored' };
const ALL = [{ first: 1, last: Infinity }];

interface StoredVolume {
  readonly indexVersion: number;
  /** Path → gzip, base64. */
  readonly files: Readonly<Record<string, string>>;
}

// Each was written by the program of its version and is never changed.
const stored = fileURLToPath(new URL('../../../../libs/mailstore/volume/stored-volumes', import.meta.url));

function unpack(name: string, path: string): StoredVolume {
  const volume: StoredVolume = JSON.parse(readFileSync(join(stored, name), 'utf8'));
  for (const [file, content] of Object.entries(volume.files)) {
    mkdirSync(dirname(join(path, file)), { recursive: true });
    writeFileSync(join(path, file), gunzipSync(Buffer.from(content, 'base64')));
  }
  return volume;
}

const open = (path: string, epoch: number): Promise<MailStore> =>
  openVolume({
    ...{ path, ...identity, epoch, clock: systemClock, logger: silentLogger, parse: () => messageParser() },
  });

/** Tables and indexes, and the version, of an index nobody has open. */
function schemaOf(path: string): unknown {
  const index = new DatabaseSync(indexPath(path));
  try {
    const objects = index.prepare("SELECT type, name FROM sqlite_schema WHERE name NOT LIKE 'sqlite_%' ORDER BY name");
    const columns = (index.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'").all() as { name: string }[])
      .map(({ name }) => [name, index.prepare(`PRAGMA table_info(${name})`).all()] as const)
      .sort(([a], [b]) => (a < b ? -1 : 1));
    return [objects.all(), columns, index.prepare('PRAGMA user_version').get()];
  } finally {
    index.close();
  }
}

async function subjects(store: MailStore, accountId: string, mailbox: string) {
  const { id } = await store.mailbox(context, accountId, mailbox);
  const found = [];
  for await (const batch of store.messages(context, { accountId, mailboxId: id }, ALL, { envelope: true })) {
    for (const { uid, keywords, envelope, blobId, threadId } of batch) {
      const bytes = await collect(store.read(blobId), 1e6);
      assert.match(bytes.toString(), new RegExp(`Subject: ${envelope?.subject}\r\n`));
      found.push([uid, envelope?.subject, keywords.join(' '), threadId]);
    }
  }
  return found;
}

describe('a volume of an older version', () => {
  for (const name of readdirSync(stored)) {
    it(`${name} opens as what it was, and works on`, async () => {
      using directory = temporaryDirectory();
      const { path } = directory;
      unpack(name, path);
      const store = await open(path, 2);
      assert.deepEqual(await subjects(store, 'a', 'INBOX'), [
        [2, 'message 2', '', 'T1'],
        [3, 'message 3', '$seen work', 'T1'],
        [8, 'message 8', '', 'T1'],
        [9, 'message 9', '$seen work', 'T1'],
        [10, 'message 10', '', 'T1'],
        [11, 'message 11', '$seen work', 'T1'],
        [12, 'message 12', '', 'T1'],
        [13, 'message 20', '', 'T16'],
      ]);
      assert.deepEqual(
        (await subjects(store, 'a', 'Work/2026')).map(([uid, subject]) => [uid, subject]),
        [1, 2, 3, 4, 5].map((n) => [n, `message ${n}`]),
      );
      const { vanished, exact } = await store.changes(context, { accountId: 'a', mailboxId: 1 }, 0);
      assert.deepEqual([vanished.map(({ uid }) => uid), exact], [[1, 4, 5, 6, 7], true]);
      assert(!(await store.mailboxes(context, 'a')).some((mailbox) => mailbox.name === 'doomed'));
      const { messages, quotaBytes } = await store.account(context, 'a');
      assert.deepEqual([messages, quotaBytes], [13, 1_000_000]);
      const [entry] = await store.queueEntries({ limit: 10 });
      assert.equal(entry?.forwardPath, 'x@away.example');
      assert.equal((await store.usagePending(10)).length, 3);
      const message = await store.stage(Buffer.from('Subject: message 21\r\nIn-Reply-To: <20@stored>\r\n\r\nnew'));
      await store.append(context, { accountId: 'a', mailboxId: 1 }, [{ message, keywords: [], internalDate: 0 }]);
      assert.deepEqual((await subjects(store, 'a', 'INBOX')).at(-1), [14, 'message 21', '', 'T16']);
      await store.expunge(context, { accountId: 'b', mailboxId: 1 }, ALL, { any: true });
      assert.equal((await store.deleted.listDeleted(context, 'b', { limit: 5 })).length, 1);
      await store.close();
      assertSound(path);
    });

    it(`${name} ends with the tables of a new one`, async () => {
      using directory = temporaryDirectory();
      const [old, fresh] = [join(directory.path, 'old'), join(directory.path, 'new')];
      const { indexVersion } = unpack(name, old);
      mkdirSync(fresh);
      await createVolume(fresh, identity);
      assert.match(name, new RegExp(`volume-${indexVersion}\\.json`));
      for (const path of [old, fresh]) await (await open(path, 2)).close();
      assert.deepEqual(schemaOf(old), schemaOf(fresh));
    });
  }

  it('an index that a step of the way failed on is as it was', async () => {
    using directory = temporaryDirectory();
    const { path } = directory;
    unpack('volume-1.json', path);
    const index = new DatabaseSync(indexPath(path));
    // In the way of a later step, after earlier ones have been done.
    index.exec('CREATE TABLE deleted (x)');
    index.close();
    const before = schemaOf(path);
    await assert.rejects(open(path, 2), /already exists/);
    assert.deepEqual(schemaOf(path), before);
    const again = new DatabaseSync(indexPath(path));
    again.exec('DROP TABLE deleted');
    again.close();
    const store = await open(path, 3);
    assert.equal((await subjects(store, 'b', 'INBOX')).length, 1);
    await store.close();
  });
});
