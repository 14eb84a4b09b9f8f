import { mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { parseArgs } from 'node:util';
import type { AccountSpec, MailStore } from '#mailstore/api';
import { createVolume, openVolume } from '#mailstore/volume';
import { messageParser } from '#protocol/message';
import { seededRandom, silentLogger, systemClock, systemContext } from '#stdx';

// The mail store alone, one process: `npm run bench -- mailstore [--messages N] [--accounts N] [--bytes N] [--path DIR]`.
const { values } = parseArgs({
  options: {
    messages: { type: 'string', default: '20000' },
    accounts: { type: 'string', default: '1000' },
    bytes: { type: 'string', default: '10240' },
    /** Where the volume is made: the disk that is measured. */
    path: { type: 'string', default: tmpdir() },
    rounds: { type: 'string', default: '3' },
  },
});
const count = Number(values.messages);
const accountCount = Number(values.accounts);
const messageBytes = Number(values.bytes);
const context = systemContext('bench');
const ALL = [{ first: 1, last: Infinity }];

/** Made beforehand: what is measured is the store. */
const pool = Array.from({ length: 512 }, (_, n) => message(n));
let serial = 0;

const directory = await mkdtemp(join(values.path, 'rookery-bench-'));
try {
  const identity = { volumeId: 'bench', clusterId: 'bench' };
  await createVolume(directory, identity);
  const parse = () => messageParser();
  const options = { ...identity, path: directory, clock: systemClock, logger: silentLogger, parse };
  const store = await openVolume({ ...options, epoch: 1 });
  console.log(`${messageBytes} byte messages to ${accountCount} accounts; ${values.path}`);
  await parseCost();
  const accounts = await makeAccounts(store);
  for (let round = 1; round <= Number(values.rounds); round++) {
    const sync = await syncTimes(directory, 200);
    console.log(`round ${round}: fdatasync of 10 KB p50 ${ms(sync.p50)} p99 ${ms(sync.p99)}`);
    for (const inFlight of [1, 20, 128]) {
      const messages = inFlight === 1 ? Math.min(count, 2_000) : count;
      await measure(`deliver, ${inFlight} in flight`, inFlight, messages, (n) => deliver(store, accounts, n));
    }
    const appended = await measure('append, 20 in flight', 20, count, (n) => append(store, accounts, n));
    console.log(`  append p99 ÷ fdatasync p50: ${(appended.p99 / sync.p50).toFixed(1)}×`);
  }
  await bigMailbox(store);
  await store.close();
  const begun = performance.now();
  const again = await openVolume({ ...options, epoch: 2 });
  console.log(`open after a clean close, ${again.health().messagesStored} messages: ${ms(performance.now() - begun)}`);
  await again.close();
} finally {
  await rm(directory, { recursive: true, force: true });
}

function message(n: number): Buffer {
  const head =
    `Received: from a.example (a.example [192.0.2.1]) by mx.example with ESMTPS id ${n}; Mon, 1 Jan 2026 00:00:00 +0000\r\n` +
    `From: Sender ${n} <sender${n}@example.com>\r\nTo: Recipient <r@example.org>\r\nSubject: Message number ${n}\r\n` +
    `Date: Mon, 01 Jan 2026 00:00:00 +0000\r\nMessage-ID: <${n}.${process.pid}@example.com>\r\nMIME-Version: 1.0\r\n` +
    'Content-Type: text/plain; charset=utf-8\r\n\r\n';
  const line = 'The quick brown fox jumps over the lazy dog, again and again, until the page is full.\r\n';
  return Buffer.from(head + line.repeat(Math.ceil(messageBytes / line.length))).subarray(0, messageBytes);
}

/** A message nobody has seen before. */
function fresh(): Buffer {
  const bytes = Buffer.from(pool[serial % pool.length] ?? '');
  bytes.write(`Received: ${(++serial).toString(36).padStart(10, '0')}`, 0, 'latin1');
  return bytes;
}

async function deliver(store: MailStore, accounts: readonly AccountSpec[], n: number): Promise<void> {
  const staged = await store.stage(fresh());
  const targets = [{ account: accounts[n % accounts.length]! }];
  await store.deliver(context, { message: staged, receivedAt: Date.now(), targets, queue: [] });
  staged.discard();
}

async function append(store: MailStore, accounts: readonly AccountSpec[], n: number): Promise<void> {
  const staged = await store.stage(fresh());
  const { accountId } = accounts[n % accounts.length]!;
  await store.append(context, { accountId, mailboxId: 1 }, [{ message: staged, keywords: ['$seen'], internalDate: 0 }]);
  staged.discard();
}

async function measure(
  what: string,
  inFlight: number,
  messages: number,
  run: (n: number) => Promise<void>,
): Promise<{ readonly p50: number; readonly p99: number }> {
  const delay = monitorEventLoopDelay({ resolution: 5 });
  delay.enable();
  const times: number[] = [];
  let next = 0;
  const begun = performance.now();
  const cpu = process.cpuUsage();
  const worker = async (): Promise<void> => {
    for (let n = next++; n < messages; n = next++) {
      const started = performance.now();
      await run(n);
      times.push(performance.now() - started);
    }
  };
  await Promise.all(Array.from({ length: inFlight }, worker));
  const seconds = (performance.now() - begun) / 1_000;
  const used = process.cpuUsage(cpu);
  delay.disable();
  const { p50, p99 } = percentiles(times);
  const rate = Math.round(messages / seconds);
  const each = ((used.user + used.system) / messages).toFixed(0);
  console.log(
    `  ${what.padEnd(24)} ${String(rate).padStart(6)} msg/s  p50 ${ms(p50)}  p99 ${ms(p99)}  cpu ${each} µs each  event loop p99 ${ms(delay.percentile(99) / 1e6)} max ${ms(delay.max / 1e6)}`,
  );
  return { p50, p99 };
}

function percentiles(times: number[]): { readonly p50: number; readonly p99: number } {
  const sorted = times.sort((a, b) => a - b);
  const at = (share: number): number => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
  return { p50: at(0.5), p99: at(0.99) };
}

async function syncTimes(path: string, samples: number): Promise<{ readonly p50: number; readonly p99: number }> {
  const name = join(path, 'sync-probe');
  const file = await open(name, 'w');
  const bytes = seededRandom(1).bytes(10_240);
  const times: number[] = [];
  for (let i = 0; i < samples; i++) {
    await file.write(bytes, 0, bytes.length, i * bytes.length);
    const begun = performance.now();
    await file.datasync();
    times.push(performance.now() - begun);
  }
  await file.close();
  await rm(name);
  return percentiles(times);
}

async function parseCost(): Promise<void> {
  const cost = (what: string, run: () => void): void => {
    for (let i = 0; i < 500; i++) run();
    const begun = performance.now();
    for (let i = 0; i < 2_000; i++) run();
    console.log(`${what}: ${((performance.now() - begun) / 2).toFixed(0)} µs`);
  };
  cost('parse of one message', () => {
    const parser = messageParser();
    parser.push(pool[0]!);
    parser.end();
  });
}

async function makeAccounts(store: MailStore): Promise<readonly AccountSpec[]> {
  const specs = Array.from({ length: accountCount }, (_, n) => ({
    ...{ accountId: `account-${n}`, email: `u${n}@example.org`, partnerId: `partner-${n % 10}`, quotaBytes: 0 },
  }));
  await Promise.all(specs.map((spec) => store.ensureAccount(context, spec)));
  return specs;
}

async function bigMailbox(store: MailStore): Promise<void> {
  const size = 100_000;
  const accountId = 'big';
  await store.ensureAccount(context, { accountId, email: 'big@example.org', partnerId: 'p', quotaBytes: 0 });
  const staged = await store.stage(fresh());
  const ref = { accountId, mailboxId: 1 };
  for (let done = 0; done < size; done += 500) {
    const items = Array.from({ length: 500 }, (_, i) => ({
      ...{ message: staged, keywords: i % 3 ? ['$seen'] : [], internalDate: done + i },
    }));
    await store.append(context, ref, items);
  }
  staged.discard();
  console.log(`mailbox of ${size}:`);
  const timed = async (what: string, run: () => Promise<unknown>): Promise<void> => {
    const delay = monitorEventLoopDelay({ resolution: 1 });
    for (let round = 0; round < 2; round++) {
      if (round === 1) delay.enable();
      const begun = performance.now();
      const result = await run();
      const took = performance.now() - begun;
      if (round === 1)
        console.log(`  ${what.padEnd(34)} ${ms(took)}  event loop max ${ms(delay.max / 1e6)}  ${result}`);
    }
  };
  const drain = async (batches: AsyncIterable<readonly unknown[]>): Promise<number> => {
    let total = 0;
    for await (const batch of batches) total += batch.length;
    return total;
  };
  await timed('mailbox()', async () => (await store.mailbox(context, accountId, 'INBOX')).messages);
  await timed('uids()', async () => (await store.uids(context, ref)).length);
  await timed('flags(1:*)', () => drain(store.flags(context, ref, ALL)));
  await timed('messages(1:*) with envelope', () => drain(store.messages(context, ref, ALL, { envelope: true })));
  await timed('search: unseen', async () => {
    const filter = { kind: 'not', of: { kind: 'keyword', keyword: '$seen' } } as const;
    return (await store.search(context, ref, filter)).uids.length;
  });
  await timed('search: header, 2,000 messages', async () => {
    const first = { kind: 'uids', ranges: [{ first: 1, last: 2_000 }] } as const;
    const of = [first, { kind: 'header', field: 'subject', text: 'number' } as const];
    return (await store.search(context, ref, { kind: 'and', of })).uids.length;
  });
  await timed('changes(since 0)', async () => (await store.changes(context, ref, 0)).changed.length);
  let flip = 0;
  await timed('setKeywords(1:*)', async () => {
    const keywords = [`k${flip++}`];
    return (await store.setKeywords(context, ref, ALL, { mode: 'add', keywords })).changed.length;
  });
}

function ms(value: number): string {
  return `${value.toFixed(2)} ms`;
}
