import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { type ColdStorage, ColdStorageError, type MailStore, type TierRule } from '#mailstore/api';
import { DirectoryColdStorage } from '#mailstore/cold';
import { messageParser } from '#protocol/message';
import { assert, collect, seededRandom, silentLogger, systemClock, systemContext, Turns } from '#stdx';
import { SimulatedClock, temporaryDirectory, until } from '#testing';
import { assertSound } from '../crash/soundness.ts';
import type { VolumeFiles } from '../files.ts';
import { createVolume } from '../identity.ts';
import { openVolume } from '../open-volume.ts';
import type { VolumeSettings } from '../settings.ts';

export const context = systemContext('cold');
export const identity = { volumeId: 'v', clusterId: 'c' };
export const ref = { accountId: 'a', mailboxId: 1 };
export const ALL = [{ first: 1, last: Infinity }];
export const DAY_MS = 86_400_000;
export const YEAR: readonly TierRule[] = [{ afterMs: 365 * DAY_MS, minBytes: 0 }];

/** Message `n`: half of it compresses well. One in ten is large, and of several frames. */
export function bytesOf(n: number): Buffer {
  const size = n % 10 === 0 ? 600_000 : 1_000;
  return Buffer.concat([
    Buffer.from(`Subject: ${n}\r\nMessage-ID: <${n}@cold>\r\n\r\n`),
    Buffer.alloc(size, `line ${n} of a letter\r\n`),
    seededRandom(n).bytes(size),
  ]);
}

/** A directory as cold storage that can be away, and tells what is asked of it. */
export class WatchedStorage implements ColdStorage {
  away = false;
  /** Told before and after each call. */
  step: () => Promise<void> = async () => {};
  asked: string[] = [];

  constructor(
    private readonly behind: ColdStorage,
    readonly description: string,
  ) {}

  prepare(): Promise<void> {
    return this.behind.prepare();
  }

  put(name: string, bytes: Buffer): Promise<void> {
    return this.watched(`put ${name}`, () => this.behind.put(name, bytes));
  }

  read(name: string, start: number, end: number): Promise<Buffer> {
    return this.watched(`read ${end - start}`, () => this.behind.read(name, start, end));
  }

  remove(name: string): Promise<void> {
    return this.watched(`remove ${name}`, () => this.behind.remove(name));
  }

  private async watched<T>(what: string, work: () => Promise<T>): Promise<T> {
    this.asked.push(what);
    if (this.away) throw new ColdStorageError('away', 'it does not answer');
    await this.step();
    const result = await work();
    await this.step();
    return result;
  }
}

export const directoryStorage = (path: string, description = 'watched'): WatchedStorage =>
  new WatchedStorage(
    new DirectoryColdStorage(path, { clock: systemClock, turns: new Turns(4), timeoutMs: 10_000 }),
    description,
  );

export interface OpenOptions {
  readonly path: string;
  readonly epoch: number;
  readonly clock: SimulatedClock;
  readonly storage?: ColdStorage | undefined;
  readonly rules?: readonly TierRule[];
  readonly files?: VolumeFiles | undefined;
  readonly settings?: Partial<VolumeSettings>;
}

export function openCold({
  path,
  epoch,
  clock,
  storage,
  rules = YEAR,
  files,
  settings,
}: OpenOptions): Promise<MailStore> {
  return openVolume({
    ...{ path, ...identity, epoch, clock, logger: silentLogger, parse: () => messageParser() },
    ...(storage ? { cold: { storage, rules } } : {}),
    ...(files ? { files } : {}),
    limits: { deletedKeepMs: 0 },
    settings: {
      ...{
        upkeepBytesPerSecond: Infinity,
        backupBytesPerSecond: Infinity,
        bulkMessagesMax: 4,
        largeMessageBytes: 2_000_000,
      },
      ...{
        walFramesMax: 1e9,
        walFramesQuiet: 1e9,
        walIdleMs: 1e9,
        coldSegmentBytes: 8_000,
        coldCountIntervalMs: 0,
        ...settings,
      },
    },
  });
}

/** A volume with cold storage beside it. */
export class ColdBed implements AsyncDisposable {
  readonly clock = new SimulatedClock();
  readonly storage: WatchedStorage;
  private readonly directory = temporaryDirectory();
  private opened: MailStore | undefined;
  private epoch = 0;

  private constructor() {
    this.storage = directoryStorage(this.coldPath);
  }

  get path(): string {
    return join(this.directory.path, 'volume');
  }

  get coldPath(): string {
    return join(this.directory.path, 'cold');
  }

  get backups(): string {
    return join(this.directory.path, 'backups');
  }

  get store(): MailStore {
    assert(this.opened, 'it is not open');
    return this.opened;
  }

  /** Files of the volume on either tier. */
  get hot(): string[] {
    return readdirSync(join(this.path, 'segments')).sort();
  }

  get cold(): string[] {
    return readdirSync(this.coldPath, { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.cold'))
      .sort();
  }

  static async open(settings?: Partial<VolumeSettings>): Promise<ColdBed> {
    const bed = new ColdBed();
    await bed.clock.advance(0);
    await bed.storage.prepare();
    mkdirSync(bed.path);
    await createVolume(bed.path, identity);
    await bed.reopen(settings ? { settings } : {});
    await bed.store.ensureAccount(context, { accountId: 'a', email: 'a@x', partnerId: 'p', quotaBytes: 0 });
    return bed;
  }

  /** By the next owner: what was being written to is closed now. */
  async reopen(options: Partial<OpenOptions> = {}): Promise<void> {
    await this.opened?.close();
    const { path, clock, storage } = this;
    this.opened = await openCold({ path, clock, storage, epoch: ++this.epoch, ...options });
  }

  /** Messages `first` to `last`, as old as is said. */
  async append(first: number, last: number, daysOld = 400, account = 'a'): Promise<void> {
    for (let n = first; n <= last; n++) {
      const message = await this.store.stage(bytesOf(n));
      const internalDate = Math.floor(this.clock.now()) - daysOld * DAY_MS;
      await this.store.append(context, { accountId: account, mailboxId: 1 }, [{ message, keywords: [], internalDate }]);
      message.discard();
    }
  }

  async remove(...uids: number[]): Promise<void> {
    await this.store.expunge(
      context,
      ref,
      uids.map((uid) => ({ first: uid, last: uid })),
      { any: true },
    );
  }

  /**
   * Lets a second go by, after which the text index reads what is new to it, cold mail too, and waits until it has: `messages` since
   * the volume was opened. It holds a cold segment while it reads, as any reader does.
   */
  async textsIndexed(messages: number): Promise<void> {
    await this.clock.advance(1_000);
    await until('the text index', () => this.store.health().textIndex.indexedMessages === messages);
  }

  /** Every message is what it was; returns their numbers. */
  whole(store = this.store, account = 'a'): Promise<number[]> {
    return wholeOf(store, account);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.store.close();
    assertSound(this.path);
    this.directory[Symbol.dispose]();
  }
}

export async function wholeOf(store: MailStore, accountId = 'a'): Promise<number[]> {
  const found: number[] = [];
  for await (const batch of store.messages(context, { accountId, mailboxId: 1 }, ALL, { envelope: true })) {
    for (const { blobId, envelope } of batch) {
      const n = Number(envelope?.subject);
      assert((await collect(store.read(blobId), 1e7)).equals(bytesOf(n)), `bytes of ${n}`);
      found.push(n);
    }
  }
  return found.sort((a, b) => a - b);
}

export async function blobOf(store: MailStore, n: number): Promise<string> {
  for await (const batch of store.messages(context, ref, ALL, { envelope: true }))
    for (const { blobId, envelope } of batch) if (Number(envelope?.subject) === n) return blobId;
  throw new Error(`no message ${n}`);
}

export const numbers = (first: number, last: number): number[] =>
  Array.from({ length: last - first + 1 }, (_, i) => first + i);
