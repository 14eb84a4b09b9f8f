import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { MailStore } from '#mailstore/api';
import { messageParser } from '#protocol/message';
import { seededRandom, silentLogger, systemClock, systemContext } from '#stdx';
import { temporaryDirectory } from '#testing';
import { createVolume } from '../identity.ts';
import { openVolume } from '../open-volume.ts';
import { chooseOperation } from './choose.ts';
import { readAccount, shapeOf } from './compare.ts';
import { ForgetfulFiles, type Omission } from './forgetful-files.ts';
import { AccountModel, type CrashOperation, LARGE_BYTES } from './model.ts';
import { begin, perform } from './perform.ts';

const context = systemContext('durability');
const ACCOUNTS = ['ann', 'bob', 'cat', 'dan'];
const identity = { volumeId: 'v', clusterId: 'c' };

const openAt = (path: string, epoch: number, files?: ForgetfulFiles): Promise<MailStore> =>
  openVolume({
    ...{ path, ...identity, epoch, clock: systemClock, logger: silentLogger, parse: () => messageParser() },
    // No write-back while it runs: SQLite's own syncs are its own affair.
    settings: {
      largeMessageBytes: LARGE_BYTES,
      segmentBytesMax: 60_000,
      walFramesMax: 1e9,
      walFramesQuiet: 1e9,
      walIdleMs: 1e9,
    },
    ...(files ? { files } : {}),
  });

interface Life {
  model: AccountModel;
  underWay: CrashOperation | undefined;
  /** The highest modSeq anybody was shown. */
  shown: number;
}

/** Cuts the power at every `every`th answer and checks what storage kept. */
async function live(seed: number, operations: number, every: number, omit?: Omission): Promise<number> {
  using directory = temporaryDirectory();
  const { path } = directory;
  await createVolume(path, identity);
  const born = await openAt(path, 1);
  for (const account of ACCOUNTS) await begin(born, account);
  const names = (await born.mailboxes(context, 'ann')).map(({ name }) => [name, 1, []] as const);
  await born.close();
  const files = new ForgetfulFiles(omit);
  const store = await openAt(path, 2, files);
  const lives = new Map<string, Life>(
    ACCOUNTS.map((account) => [
      account,
      {
        model: AccountModel.of({ mailboxes: names, queue: [], scripts: [], active: null, events: 0 }),
        underWay: undefined,
        shown: 0,
      },
    ]),
  );
  let answers = 0;
  let cuts = 0;
  const work = ACCOUNTS.map(async (account, i) => {
    const random = seededRandom(seed * 10 + i);
    const life = lives.get(account)!;
    for (let n = 0; n < operations; n++) {
      const operation = chooseOperation(
        life.model,
        random,
        () => `${account}-${seed}-${n}-${Math.floor(random.fraction() * 1e9)}`,
      );
      life.underWay = operation;
      await perform(store, account, life.model, operation);
      life.model.apply(operation);
      life.underWay = undefined;
      if (++answers % every > 0) continue;
      cuts += 1;
      await cutPower(files, path, lives);
    }
  });
  // Somebody who only looks: what is shown counts as much as what is answered.
  let looks = 0;
  let looking = true;
  const looker = (async () => {
    while (looking) {
      for (const account of ACCOUNTS) {
        const { modSeq } = await store.account(context, account);
        const life = lives.get(account)!;
        if (modSeq <= life.shown) continue;
        life.shown = modSeq;
        // Something new was shown: the moment it must be safe.
        if (++looks % (2 * every) > 0) continue;
        cuts += 1;
        await cutPower(files, path, lives);
      }
      await new Promise((resolve) => setImmediate(resolve));
    }
  })();
  try {
    await Promise.all(work);
  } finally {
    looking = false;
    await looker;
    await store.close();
  }
  return cuts;
}

/** Storage as of now, opened by the next owner. Synchronous up to the copy, so that nothing is answered in between. */
async function cutPower(files: ForgetfulFiles, path: string, lives: ReadonlyMap<string, Life>): Promise<void> {
  using image = temporaryDirectory();
  files.crash(path, image.path);
  const expected = [...lives].map(([account, { model, underWay, shown }]) => {
    const before = shapeOf(model);
    const after = underWay ? shapeOf(model.after(underWay)) : before;
    return { account, before, after, shown };
  });
  const store = await openAt(image.path, 3);
  try {
    for (const { account, before, after, shown } of expected) {
      const found = await readAccount(store, account);
      if (JSON.stringify(found) !== JSON.stringify(after)) assert.deepEqual(found, before);
      const { modSeq } = await store.account(context, account);
      assert(modSeq >= shown, `modSeq ${shown} of ${account} was shown and is gone: ${modSeq}`);
    }
  } finally {
    await store.close();
  }
}

describe('durability', () => {
  for (const seed of [1, 2])
    it(`what was answered or shown survives a power cut, at any moment (seed ${seed})`, async () => {
      assert((await live(seed, 60, 9)) > 20);
    });

  for (const omission of ['segmentSync', 'walSync', 'directorySync'] as const)
    it(`the test would notice a missing ${omission}`, async () => {
      await assert.rejects(live(1, 30, 5, omission));
    });

  it('an idle volume syncs nothing, and writes nothing', async () => {
    using directory = temporaryDirectory();
    await createVolume(directory.path, identity);
    let syncs = 0;
    class Counting extends ForgetfulFiles {
      override async open(path: string, mode: 'create' | 'update' | 'read') {
        const file = await super.open(path, mode);
        const sync = (): Promise<void> => {
          syncs += 1;
          return file.sync();
        };
        return { ...file, sync };
      }
    }
    const store = await openAt(directory.path, 1, new Counting());
    await begin(store, 'ann');
    const before = readFileSync(join(directory.path, 'index.db-wal'));
    syncs = 0;
    await store.account(context, 'ann');
    await store.mailboxes(context, 'ann');
    await begin(store, 'ann');
    const ref = { accountId: 'ann', mailboxId: 1 };
    await store.claimRecent(context, ref);
    await store.setKeywords(context, ref, [{ first: 1, last: 9 }], { mode: 'add', keywords: ['x'] });
    await store.expunge(context, ref, [{ first: 1, last: Infinity }]);
    await store.usageConfirm(['v~1~99']);
    await new Promise((resolve) => setTimeout(resolve, 100));
    assert.equal(syncs, 0);
    assert(readFileSync(join(directory.path, 'index.db-wal')).equals(before));
    await store.close();
  });
});
