import assert from 'node:assert/strict';
import { join } from 'node:path';
import { duplexPair } from 'node:stream';
import { after, before, describe, it } from 'node:test';
import { streamConnection } from '#connection';
import type { MailStore } from '#mailstore/api';
import { MemoryMailStore } from '#mailstore/memory';
import { createVolume, openVolume } from '#mailstore/volume';
import { messageParser } from '#protocol/message';
import { MaildropLocks, Pop3Session } from '#server/pop3';
import { type Logger, silentLogger, systemClock, systemContext } from '#stdx';
import { Pop3TestClient, temporaryDirectory } from '#testing';
import { type Dialogue, fits, readDialogues } from '../imap/dialogue.ts';

const FOLDER = join(import.meta.dirname, '../../../conformance/pop3');
const MESSAGES = [1, 2, 3].map((n) => `Subject: ${n}\r\n\r\n${'line\r\n'.repeat(n)}`);

const parse = () => messageParser();
const context = systemContext('dialogue');
const errors: object[] = [];
const logger: Logger = { ...silentLogger, error: (fields) => errors.push(fields), child: () => logger };
let accounts = 0;

async function play(store: MailStore, dialogue: Dialogue): Promise<void> {
  const account = { accountId: `account-${++accounts}`, email: 'a@example.test', partnerId: 'p1', quotaBytes: 100_000 };
  await store.ensureAccount(context, account);
  const { id: mailboxId } = await store.mailbox(context, account.accountId, 'INBOX');
  for (const text of MESSAGES) {
    const message = await store.stage(Buffer.from(text));
    await store.append(context, { accountId: account.accountId, mailboxId }, [
      { message, keywords: [], internalDate: 0 },
    ]);
    message.discard();
  }
  const locks = new MaildropLocks(systemClock);
  const clients = new Map<number, Pop3TestClient>();
  const kept = new Map<string, string>();
  for (const step of dialogue.steps) {
    let client = clients.get(step.session);
    if (!client) {
      const [near, far] = duplexPair();
      const connection = streamConnection(far);
      void new Pop3Session({ store, locks, context, account, clock: systemClock, logger, connection }).run();
      client = new Pop3TestClient(near);
      clients.set(step.session, client);
      await client.line();
    }
    if (step.kind === 'send') {
      client.send(step.bytes);
      continue;
    }
    for (const pattern of step.patterns) {
      const line = (await client.line()) ?? '<end>';
      assert.ok(fits(pattern, line, kept), `${dialogue.file}:${step.line}\n  wanted ${pattern}\n  got    ${line}`);
    }
  }
  for (const client of clients.values()) client.close();
}

const STORES: readonly (readonly [name: string, open: (path: string) => Promise<MailStore>])[] = [
  ['memory', async () => new MemoryMailStore({ parse, clock: systemClock })],
  [
    'volume',
    async (path) => {
      const identity = { volumeId: 'v1', clusterId: 'c1' };
      await createVolume(path, identity);
      return openVolume({ ...identity, path, epoch: 1, clock: systemClock, logger: silentLogger, parse });
    },
  ],
];

for (const [name, open] of STORES)
  describe(`POP3 dialogues over the ${name} store`, { timeout: 30_000 }, () => {
    let store: MailStore;
    const directory = temporaryDirectory();
    before(async () => {
      store = await open(directory.path);
    });
    after(async () => {
      await store.close();
      directory[Symbol.dispose]();
      assert.deepEqual(errors, [], 'no session failed');
    });
    for (const dialogue of readDialogues(FOLDER))
      it(`${dialogue.file}: ${dialogue.title}`, () => play(store, dialogue));
  });
