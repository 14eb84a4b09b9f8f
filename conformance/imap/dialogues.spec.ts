import assert from 'node:assert/strict';
import { join } from 'node:path';
import { duplexPair } from 'node:stream';
import { after, describe, it } from 'node:test';
import type { MailStore } from '#mailstore/api';
import { MemoryMailStore } from '#mailstore/memory';
import { messageParser } from '#protocol/message';
import { ImapSession, streamConnection } from '#server/imap';
import { type Logger, silentLogger, systemClock, systemContext } from '#stdx';
import { ImapTestClient } from '#testing';
import { type Dialogue, fits, readDialogues, type Step } from './dialogue.ts';

const FOLDER = join(import.meta.dirname, '../../../conformance/imap');
const ANSWER_MS_MAX = 5_000;

const store = new MemoryMailStore({ parse: () => messageParser(), clock: systemClock });
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

describe('IMAP dialogues', () => {
  for (const dialogue of readDialogues(FOLDER)) it(`${dialogue.file}: ${dialogue.title}`, () => play(store, dialogue));
  after(() => assert.deepEqual(errors, [], 'no session failed'));
});
