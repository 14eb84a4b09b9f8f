import assert from 'node:assert/strict';
import { join } from 'node:path';
import { duplexPair } from 'node:stream';
import { after, before, describe, it } from 'node:test';
import { streamConnection } from '#connection';
import type { MailStore } from '#mailstore/api';
import { MemoryMailStore } from '#mailstore/memory';
import { createVolume, openVolume } from '#mailstore/volume';
import { messageParser } from '#protocol/message';
import { ManageSieveSession } from '#server/managesieve';
import { type Logger, silentLogger, systemClock, systemContext } from '#stdx';
import { ImapTestClient, temporaryDirectory } from '#testing';
import { type Dialogue, fits, readDialogues } from '../imap/dialogue.ts';

const FOLDER = join(import.meta.dirname, '../../../conformance/managesieve');
const parse = () => messageParser();
const errors: object[] = [];
const logger: Logger = { ...silentLogger, error: (fields) => errors.push(fields), child: () => logger };
let accounts = 0;

async function play(store: MailStore, dialogue: Dialogue): Promise<void> {
  const accountId = `account-${++accounts}`;
  const account = { accountId, email: `${accountId}@example.test`, partnerId: 'p1', quotaBytes: 0 };
  const context = systemContext('dialogue');
  // Lines alone are used of the client: a literal's lines are told one by one.
  const clients = new Map<number, ImapTestClient>();
  const kept = new Map<string, string>();
  for (const step of dialogue.steps) {
    let client = clients.get(step.session);
    if (!client) {
      const [near, far] = duplexPair();
      const connection = streamConnection(far);
      const shared = { store, context, account, connection, clock: systemClock, logger };
      void new ManageSieveSession({ ...shared, greeting: 'signedIn' }).run();
      client = new ImapTestClient(near);
      clients.set(step.session, client);
      assert.equal(await client.line(), 'OK "Signed in"');
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
  describe(`ManageSieve dialogues over the ${name} store`, () => {
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
      it(`${dialogue.file}: ${dialogue.title}`, { timeout: 10_000 }, () => play(store, dialogue));
  });
