import assert from 'node:assert/strict';
import { join } from 'node:path';
import { duplexPair } from 'node:stream';
import { after, before, describe, it } from 'node:test';
import { streamConnection } from '#connection';
import type { MailStore } from '#mailstore/api';
import { MemoryMailStore } from '#mailstore/memory';
import { createVolume, openVolume } from '#mailstore/volume';
import { messageParser } from '#protocol/message';
import { ImapSession } from '#server/imap';
import { type Logger, silentLogger, systemClock, systemContext } from '#stdx';
import { ImapTestClient, temporaryDirectory } from '#testing';
import { type Dialogue, fits, readDialogues, type Step } from './dialogue.ts';

const FOLDER = join(import.meta.dirname, '../../../conformance/imap');
const ANSWER_MS_MAX = 5_000;

const parse = () => messageParser();
const errors: object[] = [];
const logger: Logger = { ...silentLogger, error: (fields) => errors.push(fields), child: () => logger };
let accounts = 0;

async function play(mailStore: MailStore, dialogue: Dialogue): Promise<void> {
  const accountId = `account-${++accounts}`;
  const account = { accountId, email: `${accountId}@example.test`, partnerId: 'p1', quotaBytes: 100_000 };
  const clients = new Map<number, ImapTestClient>();
  const kept = new Map<string, string>();
  try {
    for (const step of dialogue.steps) {
      let client = clients.get(step.session);
      if (!client) {
        const [near, far] = duplexPair();
        const context = systemContext('dialogue');
        const connection = streamConnection(far);
        const greeting = 'preauth' as const;
        void new ImapSession({
          store: mailStore,
          context,
          account,
          clock: systemClock,
          logger,
          connection,
          greeting,
        }).run();
        client = new ImapTestClient(near);
        clients.set(step.session, client);
        await client.line();
      }
      await take(client, step, kept, dialogue.file);
    }
  } finally {
    for (const client of clients.values()) client.close();
  }
}

async function take(client: ImapTestClient, step: Step, kept: Map<string, string>, file: string): Promise<void> {
  if (step.kind === 'send') return client.send(filled(step.bytes, kept));
  const left = [...step.patterns];
  while (left.length > 0) {
    const where = `${file}:${step.line}`;
    const line = (await within(client.line(), `${where}: nothing came for ${left[0]}`)) ?? '<end>';
    const index = left.findIndex((pattern) => fits(pattern, line, kept));
    assert.notEqual(index, -1, `${where}\n  wanted ${left.join('\n      or ')}\n  got    ${line}`);
    left.splice(index, 1);
  }
}

/** `{{name}}` in what is sent becomes what was kept under it. */
function filled(bytes: Buffer, kept: ReadonlyMap<string, string>): Buffer {
  const text = bytes.toString('latin1');
  if (!text.includes('{{')) return bytes;
  return Buffer.from(
    text.replace(/\{\{(\w+)\}\}/g, (hole, name: string) => kept.get(name) ?? hole),
    'latin1',
  );
}

async function within<T>(promise: Promise<T>, otherwise: string): Promise<T> {
  const timer = Promise.withResolvers<never>();
  const handle = setTimeout(() => timer.reject(new Error(otherwise)), ANSWER_MS_MAX);
  try {
    return await Promise.race([promise, timer.promise]);
  } finally {
    clearTimeout(handle);
  }
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
  describe(`IMAP dialogues over the ${name} store`, () => {
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
