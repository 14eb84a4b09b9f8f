import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type Duplex, duplexPair } from 'node:stream';
import { after, before, describe, it } from 'node:test';
import { type ClientConnection, streamConnection } from '#connection';
import type { MailStore } from '#mailstore/api';
import { MemoryMailStore } from '#mailstore/memory';
import { createVolume, openVolume } from '#mailstore/volume';
import { messageParser } from '#protocol/message';
import { type Logger, silentLogger, systemClock } from '#stdx';
import { temporaryDirectory } from '#testing';
import { type Dialogue, fits, readDialogues, type Step } from './dialogue.ts';

/** A line that does not come within this is not coming. */
const ANSWER_MS_MAX = 5_000;

/** Whose dialogue it is. */
export interface DialogueAccount {
  readonly accountId: string;
  readonly email: string;
  readonly partnerId: string;
  readonly quotaBytes: number;
}

/** The client's end of a session, line by line. */
export interface DialogueClient {
  send(bytes: Buffer): void;
  /** `null` at the end. */
  line(): Promise<string | null>;
  close(): void;
}

/** What differs between the protocols that are views of the mail store. */
export interface DialogueProtocol<State> {
  readonly name: string;
  /** Of its `.test` files in conformance/. */
  readonly folder: string;
  readonly quotaBytes: number;
  /** Before a dialogue's first line. */
  prepare(store: MailStore, account: DialogueAccount): Promise<State>;
  /** Begins a session; what goes wrong in it is told to the logger. */
  begin(store: MailStore, account: DialogueAccount, state: State, connection: ClientConnection, logger: Logger): void;
  client(near: Duplex): DialogueClient;
}

const parse = () => messageParser();

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

/** Plays every dialogue of the protocol's folder over both engines, each with an account of its own. */
export function dialoguesOverStores<State>(protocol: DialogueProtocol<State>): void {
  const errors: object[] = [];
  const logger: Logger = { ...silentLogger, error: (fields) => errors.push(fields), child: () => logger };
  for (const [name, open] of STORES)
    describe(`${protocol.name} dialogues over the ${name} store`, { timeout: 60_000 }, () => {
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
      let accounts = 0;
      for (const dialogue of readDialogues(join(import.meta.dirname, '../../../conformance', protocol.folder)))
        it(`${dialogue.file}: ${dialogue.title}`, () =>
          play(protocol, store, dialogue, `account-${++accounts}`, logger));
    });
}

async function play<State>(
  protocol: DialogueProtocol<State>,
  store: MailStore,
  dialogue: Dialogue,
  accountId: string,
  logger: Logger,
): Promise<void> {
  const { quotaBytes } = protocol;
  const account = { accountId, email: `${accountId}@example.test`, partnerId: 'p1', quotaBytes };
  const state = await protocol.prepare(store, account);
  const clients = new Map<number, DialogueClient>();
  const kept = new Map<string, string>();
  try {
    for (const step of dialogue.steps) {
      let client = clients.get(step.session);
      if (!client) {
        const [near, far] = duplexPair();
        protocol.begin(store, account, state, streamConnection(far), logger);
        client = protocol.client(near);
        clients.set(step.session, client);
        // The greeting is nobody's business here.
        await client.line();
      }
      await take(client, step, kept, dialogue.file);
    }
  } finally {
    for (const client of clients.values()) client.close();
  }
}

async function take(client: DialogueClient, step: Step, kept: Map<string, string>, file: string): Promise<void> {
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
