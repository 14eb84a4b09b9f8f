import assert from 'node:assert/strict';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, it } from 'node:test';
import type { MailStore, MessageFilter } from '#mailstore/api';
import { searchContract } from '#mailstore/contract';
import { messageParser } from '#protocol/message';
import { seededRandom, silentLogger, systemContext } from '#stdx';
import { SimulatedClock, temporaryDirectory } from '#testing';
import { createVolume } from '../identity.ts';
import { openVolume } from '../open-volume.ts';
import { openIndex, STEPS } from '../schema.ts';
import type { VolumeSettings } from '../settings.ts';

const identity = { volumeId: 'v1', clusterId: 'c1' };
const parse = () => messageParser();
const context = systemContext('text-index-spec');
const account = { accountId: 'a', email: 'a@example.test', partnerId: 'p', quotaBytes: 0 };

describe('a volume whose text index is behind', () =>
  searchContract(async ({ clock, limits }) => {
    const directory = temporaryDirectory();
    const { path } = directory;
    await createVolume(path, identity);
    const settings = { searchCatchUpMessages: 0 };
    const store = await openVolume({
      ...identity,
      path,
      epoch: 1,
      clock,
      logger: silentLogger,
      parse,
      limits,
      settings,
    });
    return { store, dispose: async () => directory[Symbol.dispose]() };
  }));

const WORDS = [
  'rent',
  'pay',
  'Grüße',
  'naïve',
  'plan.pdf',
  'a',
  'of',
  '東京',
  '天気',
  'мир',
  'x@y.z',
  '“q”',
  '😀',
  '=_1',
  'ÀÉ',
  '\t',
  '  ',
];
const sentence = (random: { fraction(): number }, words: number): string =>
  Array.from({ length: words }, () => WORDS[Math.floor(random.fraction() * WORDS.length)]).join(
    random.fraction() < 0.3 ? '' : ' ',
  );

async function opened(path: string, epoch: number, settings: Partial<VolumeSettings> = {}): Promise<MailStore> {
  return openVolume({ ...identity, path, epoch, clock: new SimulatedClock(), logger: silentLogger, parse, settings });
}

async function filled(store: MailStore, texts: readonly string[]) {
  await store.ensureAccount(context, account);
  const { id } = await store.mailbox(context, 'a', 'INBOX');
  const ref = { accountId: 'a', mailboxId: id };
  for (const text of texts) {
    const message = await store.stage(Buffer.from(text));
    await store.append(context, ref, [{ message, keywords: [], internalDate: 0 }]);
    message.discard();
  }
  return ref;
}

const messageOf = (words: string): string =>
  `Subject: =?utf-8?b?${Buffer.from(words.slice(0, 20)).toString('base64')}?=\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n${words}\r\n`;

/** Of a volume that is closed. */
function blocksIn(path: string): readonly unknown[] {
  const index = new DatabaseSync(join(path, 'index.db'));
  try {
    const rows = index.prepare('SELECT messages, dead FROM text_block ORDER BY account, last').all();
    return rows.map((row) => ({ ...row }));
  } finally {
    index.close();
  }
}

describe('the text index', () => {
  it('finds the same as reading everything', async () => {
    using first = temporaryDirectory();
    using second = temporaryDirectory();
    const random = seededRandom(9);
    // Some are long: blocks are made by the thread, too.
    const texts = Array.from({ length: 150 }, (_, i) => messageOf(sentence(random, i % 10 === 0 ? 2_000 : 8)));
    for (const { path } of [first, second]) await createVolume(path, identity);
    const indexed = await opened(first.path, 1);
    const scanned = await opened(second.path, 1, { searchCatchUpMessages: 0 });
    const ref = await filled(indexed, texts);
    await filled(scanned, texts);
    const many = (): MessageFilter[] =>
      Array.from({ length: 9 }, () => ({ kind: 'text', text: sentence(random, 2).trim() }));
    for (let round = 0; round < 150; round++) {
      const words = sentence(random, 1 + Math.floor(random.fraction() * 3)).trim();
      const part = words.slice(Math.floor(random.fraction() * 2));
      const one: MessageFilter = { kind: round % 3 === 0 ? 'text' : 'body', text: part };
      const two: MessageFilter = { kind: 'header', field: 'Subject', text: words.slice(0, 4) };
      const filter = (
        [
          one,
          two,
          { kind: 'or', of: round % 5 === 0 ? many() : [one, two] },
          { kind: 'and', of: [one, { kind: 'not', of: two }] },
        ] as const
      )[round % 4]!;
      const [a, b] = [await indexed.search(context, ref, filter), await scanned.search(context, ref, filter)];
      assert.deepEqual(a, b, JSON.stringify(filter));
    }
    const told: (readonly [number, number])[] = [];
    await scanned.search(context, ref, { kind: 'text', text: 'rent' }, (done, goal) => told.push([done, goal]));
    assert.deepEqual(told.at(-1), [texts.length, texts.length]);
    assert.ok(told.every(([done], i) => done >= (told[i - 1]?.[0] ?? 1)) && told.length > 10);
    assert.equal(indexed.health().textIndex.indexedMessages, texts.length);
    assert.equal(scanned.health().textIndex.indexedMessages, 0);
    assert.ok(scanned.health().textIndex.searchesBehind > 0);
    await Promise.all([indexed.close(), scanned.close()]);
  });

  it('forgets a message with its last trace', async () => {
    using directory = temporaryDirectory();
    const { path } = directory;
    await createVolume(path, identity);
    const store = await openVolume({
      ...{ ...identity, path, epoch: 1, clock: new SimulatedClock(), logger: silentLogger, parse },
      limits: { deletedKeepMs: 0 },
    });
    const ref = await filled(store, [messageOf('needle one'), messageOf('needle two')]);
    assert.deepEqual((await store.search(context, ref, { kind: 'body', text: 'needle' })).uids, [1, 2]);
    await store.expunge(context, ref, [{ first: 1, last: 1 }], { any: true });
    assert.deepEqual((await store.search(context, ref, { kind: 'body', text: 'needle' })).uids, [2]);
    await store.close();
    assert.deepEqual(blocksIn(path), [{ messages: 2, dead: 1 }]);
  });

  it('makes a block anew when a quarter of it has gone', async () => {
    using directory = temporaryDirectory();
    const { path } = directory;
    await createVolume(path, identity);
    const clock = new SimulatedClock();
    const store = await openVolume({
      ...{ ...identity, path, epoch: 1, clock, logger: silentLogger, parse },
      limits: { deletedKeepMs: 0 },
    });
    const ref = await filled(
      store,
      Array.from({ length: 12 }, (_, i) => messageOf(`needle ${i}`)),
    );
    const find = async () => (await store.search(context, ref, { kind: 'body', text: 'needle' })).uids;
    assert.equal((await find()).length, 12);
    await store.expunge(context, ref, [{ first: 3, last: 6 }], { any: true });
    const { commits } = store.health();
    for (let i = 0; i < 1_000 && store.health().commits === commits; i++) {
      await clock.advance(1_000);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    assert.deepEqual(await find(), [1, 2, 7, 8, 9, 10, 11, 12]);
    await store.close();
    assert.deepEqual(blocksIn(path), [{ messages: 8, dead: 0 }]);
  });

  it('is not needed: where there is no room for it, searches read the mail', async () => {
    using directory = temporaryDirectory();
    const { path } = directory;
    await createVolume(path, identity);
    const before = await opened(path, 1, { searchCatchUpMessages: 0 });
    const ref = await filled(before, [messageOf('needle one'), messageOf('nothing'), messageOf('needle two')]);
    await before.close();
    const store = await opened(path, 2, { reserveBytes: Number.MAX_SAFE_INTEGER });
    assert.deepEqual((await store.search(context, ref, { kind: 'text', text: 'needle' })).uids, [1, 3]);
    assert.equal(store.health().textIndex.indexedMessages, 0);
    await store.close();
  });

  it('takes up a volume from before there was one', async () => {
    using directory = temporaryDirectory();
    const { path } = directory;
    await createVolume(path, identity);
    const step = STEPS.findIndex((sql) => sql.includes('text_indexed'));
    openIndex(join(path, 'index.db'), 1_000_000, step).close();
    const before = await opened(path, 1, { searchCatchUpMessages: 0 });
    const ref = await filled(before, [messageOf('old needle'), messageOf('nothing')]);
    assert.equal(before.health().textIndex.indexedMessages, 0);
    await before.close();
    const store = await opened(path, 2);
    assert.deepEqual((await store.search(context, ref, { kind: 'text', text: 'needle' })).uids, [1]);
    assert.equal(store.health().textIndex.indexedMessages, 2);
    await store.close();
  });

  it('misses nothing that comes while it works', async () => {
    using directory = temporaryDirectory();
    const { path } = directory;
    await createVolume(path, identity);
    const store = await opened(path, 1);
    const ref = await filled(store, []);
    const search = () => store.search(context, ref, { kind: 'body', text: 'needle' });
    for (let round = 0; round < 30; round++) {
      const texts = Array.from({ length: 3 }, (_, i) => messageOf(`needle ${round} ${i} ${'filler '.repeat(50 * i)}`));
      await Promise.all([...texts.map((text) => filled(store, [text])), search(), search()]);
      assert.equal((await search()).uids.length, 3 * (round + 1));
    }
    await store.close();
  });

  it('works on by itself, and rests', async () => {
    using directory = temporaryDirectory();
    const { path } = directory;
    await createVolume(path, identity);
    const clock = new SimulatedClock();
    const store = await openVolume({ ...identity, path, epoch: 1, clock, logger: silentLogger, parse });
    await filled(
      store,
      Array.from({ length: 200 }, (_, i) => messageOf(`number ${i}`)),
    );
    for (let i = 0; i < 1_000 && store.health().textIndex.indexedMessages < 200; i++) {
      await clock.advance(1_000);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    assert.equal(store.health().textIndex.indexedMessages, 200);
    const { commits } = store.health();
    await clock.advance(600_000);
    assert.equal(store.health().commits, commits);
    await store.close();
  });
});
