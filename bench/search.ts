import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { DatabaseSync } from 'node:sqlite';
import { parseArgs } from 'node:util';
import { streamConnection } from '#connection';
import { foldForSearch, type MailStore, messageText } from '#mailstore/api';
import { createVolume, openVolume } from '#mailstore/volume';
import { messageParser, parseMessage } from '#protocol/message';
import { ImapSession } from '#server/imap';
import { silentLogger, systemClock, systemContext } from '#stdx';
import { CountingClient } from './imap/client.ts';
import { missingDovecot, startDovecotImap } from './imap/dovecot.ts';
import { letter, word } from './search/letters.ts';

// Searching texts by IMAP, beside Dovecot's imapd without an index of its own: npm run bench -- search [--messages N] [--peer-messages N] [--rounds N].
const { values } = parseArgs({
  options: {
    messages: { type: 'string', default: '100000' },
    /** The first so many of them go to Dovecot: it reads them all for every search. 0 leaves it out. */
    'peer-messages': { type: 'string', default: '10000' },
    rounds: { type: 'string', default: '5' },
    path: { type: 'string', default: tmpdir() },
  },
});
const MESSAGES = Number(values.messages);
const PEER_MESSAGES = Math.min(Number(values['peer-messages']), MESSAGES);
const ROUNDS = Number(values.rounds);
const account = { accountId: 'a', email: 'a@example.test', partnerId: 'p', quotaBytes: 0 };
const context = systemContext('bench');
const identity = { volumeId: 'bench', clusterId: 'bench' };

/** What is searched for, and by what key. Frequent is in most messages; the nth word in about one of n / 30. */
const SEARCHES: readonly (readonly [what: string, key: string])[] = [
  ['nothing has it', 'TEXT zzqqxx'],
  ['a rare word', `TEXT ${word(50_001)}`],
  ['a word of one message in fifty', `BODY ${word(2_900)}`],
  ['a word of one in three', `BODY ${word(140)}`],
  ['a word of nearly all', `BODY ${word(35)}`],
  ['a part of very many words', 'BODY ing'],
  ['two letters', 'BODY th'],
  ['one letter', 'TEXT z'],
  ['a phrase of frequent words', `BODY "${word(33)} ${word(34)}"`],
  ['a phrase of rarer words', `BODY "${word(210)} ${word(320)}"`],
  ['over punctuation', `BODY "${word(33)}, ${word(35)}"`],
  ['a host most have', 'TEXT gmail.com'],
  ['FROM, a host', 'FROM example.com'],
  ['FROM, one sender', 'FROM user1777@'],
  ['SUBJECT, a frequent word', `SUBJECT ${word(35)}`],
  ['SUBJECT, a rare word', `SUBJECT ${word(30_001)}`],
  ['HEADER MESSAGE-ID', 'HEADER MESSAGE-ID .4242@'],
  ['one Japanese character', 'CHARSET UTF-8 BODY いい'.replace('いい', 'い')],
  ['two Japanese characters', 'CHARSET UTF-8 BODY うい'],
  ['NOT a frequent word', `NOT BODY ${word(35)}`],
  ['two words, either', `OR BODY ${word(140)} SUBJECT ${word(141)}`],
  ['a word, unseen, small', `UNSEEN SMALLER 4000 BODY ${word(140)}`],
];

const directory = mkdtempSync(join(values.path, 'rookery-bench-search-'));
const path = join(directory, 'volume');
await createVolume(path, identity);
const delay = monitorEventLoopDelay({ resolution: 1 });
delay.enable();
/** Most of this thread's own processor time between two looks at it: what a pause would be with nobody else on the machine. */
let mostWork = 0;
let worked = process.threadCpuUsage();
setInterval(() => {
  const { user, system } = process.threadCpuUsage(worked);
  mostWork = Math.max(mostWork, (user + system) / 1_000);
  worked = process.threadCpuUsage();
}, 1).unref();
const longestPause = (): string => {
  const ms = delay.max / 1e6;
  delay.reset();
  const work = mostWork;
  mostWork = 0;
  return `${ms.toFixed(0)} (${work.toFixed(0)}) ms`;
};

async function opened(epoch: number, searchCatchUpMessages: number): Promise<MailStore> {
  const parse = () => messageParser();
  const settings = { searchCatchUpMessages };
  return openVolume({ ...identity, path, epoch, clock: systemClock, logger: silentLogger, parse, settings });
}

/** Returns the bytes of text there are to search. */
async function fill(store: MailStore): Promise<number> {
  await store.ensureAccount(context, account);
  const ref = { accountId: 'a', mailboxId: (await store.mailbox(context, 'a', 'INBOX')).id };
  let textBytes = 0;
  for (let n = 0; n < MESSAGES; ) {
    const letters = Array.from({ length: Math.min(200, MESSAGES - n) }, () => letter(n++));
    const staged = await Promise.all(letters.map((bytes) => store.stage(bytes)));
    const entries = staged.map((message) => ({ message, keywords: [], internalDate: 0 }));
    await store.append(context, ref, entries);
    for (const message of staged) message.discard();
    // A sample of one in nine: it is not this that is measured.
    const sample = letters.filter((_, i) => i % 9 === 0);
    for (const bytes of sample) textBytes += ((await textLength(bytes)) * letters.length) / sample.length;
  }
  return textBytes;
}

async function textLength(bytes: Buffer): Promise<number> {
  const text = messageText(parseMessage(bytes).body, async (start, end) => bytes.subarray(start, end));
  const values = (await text.fields()).map(({ value }) => value);
  return [...values, ...(await text.body())].reduce((sum, one) => sum + Buffer.byteLength(foldForSearch(one)), 0);
}

/** An IMAP session with the store, signed in and selected; the answers go over a socket. */
async function serve(store: MailStore): Promise<CountingClient> {
  const server = createServer((socket) => {
    const connection = streamConnection(socket);
    const session = new ImapSession({
      ...{ store, clock: systemClock, logger: silentLogger, context, account, connection },
      greeting: 'preauth',
    });
    void session.run();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const client = await CountingClient.open((server.address() as AddressInfo).port);
  await client.run('SELECT INBOX');
  return client;
}

async function indexBytes(): Promise<number> {
  const index = new DatabaseSync(join(path, 'index.db'), { readOnly: true });
  const row = index.prepare('SELECT sum(bytes) AS bytes, count(*) AS blocks FROM text_block').get();
  index.close();
  return Number(row?.['bytes']);
}

const median = (times: readonly number[]): number => [...times].sort((a, b) => a - b)[times.length >> 1] ?? Number.NaN;

interface Measured {
  readonly ms: number;
  /** Processor time of this process. */
  readonly workMs: number;
  readonly bytes: number;
}

async function measure(client: CountingClient, key: string): Promise<Measured> {
  const command = key.startsWith('CHARSET') ? `UID SEARCH ${literal(key)}` : `UID SEARCH ${key}`;
  const times: number[] = [];
  const work: number[] = [];
  for (let round = 0; round <= ROUNDS; round++) {
    const cpu = process.cpuUsage();
    const ms = await client.run(command);
    const { user, system } = process.cpuUsage(cpu);
    if (round === 0) continue;
    times.push(ms);
    work.push((user + system) / 1_000);
  }
  return { ms: median(times), workMs: median(work), bytes: client.bytes };
}

/** Text that is not ASCII as a literal that does not wait (RFC 7888). */
function literal(key: string): string {
  const words = key.split(' ');
  const text = words.pop() ?? '';
  return `${words.join(' ')} {${Buffer.byteLength(text)}+}\r\n${text}`;
}

async function startPeer() {
  const missing = missingDovecot();
  if (missing || PEER_MESSAGES === 0) {
    if (missing) console.log(`Without the peer: ${missing}`);
    return undefined;
  }
  const peer = await startDovecotImap();
  const client = await CountingClient.open(peer.port);
  await client.run('LOGIN u0 pass');
  for (let n = 0; n < PEER_MESSAGES; n++) {
    const bytes = letter(n);
    await client.run(`APPEND INBOX {${bytes.length}+}\r\n`, bytes, '\r\n');
  }
  await client.run('SELECT INBOX');
  return { peer, client };
}

try {
  let store = await opened(1, 0);
  let begun = performance.now();
  const textBytes = await fill(store);
  console.log(
    `${MESSAGES} messages, ${(textBytes / 1e6).toFixed(0)} MB of text: ${seconds(begun)} s to store; longest pause ${longestPause()}`,
  );
  await store.close();
  store = await opened(2, Number.MAX_SAFE_INTEGER);
  let client = await serve(store);
  longestPause();
  begun = performance.now();
  const cpu = process.cpuUsage();
  await client.run('UID SEARCH BODY zzqqxx');
  const { user, system } = process.cpuUsage(cpu);
  const rate = MESSAGES / Number(seconds(begun));
  console.log(
    `indexed flat out: ${seconds(begun)} s, ${rate.toFixed(0)} messages a second, ${((user + system) / MESSAGES).toFixed(0)} µs of processor each; longest pause ${longestPause()}`,
  );
  client.close();
  await store.close();
  const bytes = await indexBytes();
  console.log(
    `the index takes ${(bytes / 1e6).toFixed(0)} MB, ${((100 * bytes) / textBytes).toFixed(0)} % of the text (limit 60 %)`,
  );
  store = await opened(3, 200);
  client = await serve(store);
  const peer = await startPeer();
  longestPause();
  console.log(
    `\n${'medians, UID SEARCH'.padEnd(44)}${'Rookery'.padStart(10)}${'work'.padStart(9)}${'answer'.padStart(12)}${'pause (work)'.padStart(15)}${`Dovecot of ${PEER_MESSAGES}`.padStart(20)}`,
  );
  for (const [what, key] of SEARCHES) {
    const ours = await measure(client, key);
    const pause = longestPause();
    const theirs = peer ? `${(await measure(peer.client, key)).ms.toFixed(1)} ms` : '';
    console.log(
      `${what.padEnd(44)}${`${ours.ms.toFixed(1)} ms`.padStart(10)}${`${ours.workMs.toFixed(0)} ms`.padStart(9)}${`${ours.bytes} B`.padStart(12)}${pause.padStart(15)}${theirs.padStart(20)}`,
    );
  }
  client.close();
  peer?.client.close();
  await peer?.peer[Symbol.asyncDispose]();
  await store.close();
} finally {
  rmSync(directory, { recursive: true, force: true });
}
process.exit();

function seconds(since: number): string {
  return ((performance.now() - since) / 1_000).toFixed(1);
}
