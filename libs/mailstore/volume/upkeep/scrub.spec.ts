import assert from 'node:assert/strict';
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { type MailStore, MailStoreError } from '#mailstore/api';
import { messageParser } from '#protocol/message';
import { collect, seededRandom, silentLogger, systemContext } from '#stdx';
import { SimulatedClock, temporaryDirectory, until } from '#testing';
import { assertSound } from '../crash/soundness.ts';
import { createVolume } from '../identity.ts';
import { openVolume } from '../open-volume.ts';
import { RECORD_HEADER_BYTES } from '../record.ts';
import { defaultVolumeSettings } from '../settings.ts';

const context = systemContext('scrub');
const identity = { volumeId: 'v', clusterId: 'c' };
const ref = { accountId: 'a', mailboxId: 1 };
const SIZE = 1_000;
const RECORD = SIZE + RECORD_HEADER_BYTES;
const bytesOf = (n: number): Buffer => seededRandom(n).bytes(SIZE);
const { upkeepIntervalMs, scrubIntervalMs } = defaultVolumeSettings;

/** Ten messages in a closed segment, backed up; then something happens to its file. */
class Damaged implements AsyncDisposable {
  readonly clock = new SimulatedClock();
  private readonly directory = temporaryDirectory();
  store!: MailStore;

  get path(): string {
    return this.directory.path;
  }

  get backups(): string {
    return join(this.path, 'backups');
  }

  static async by(damage: (path: string, content: Buffer) => void): Promise<Damaged> {
    const volume = new Damaged();
    await createVolume(volume.path, identity);
    await volume.open(1);
    await volume.store.ensureAccount(context, { accountId: 'a', email: 'a@x', partnerId: 'p', quotaBytes: 0 });
    for (let n = 1; n <= 10; n++) {
      const message = await volume.store.stage(bytesOf(n));
      await volume.store.append(context, ref, [{ message, keywords: [], internalDate: 0 }]);
      message.discard();
    }
    await volume.store.backup.createBackup(volume.backups);
    await volume.store.close();
    const [name] = readdirSync(join(volume.path, 'segments'));
    const path = join(volume.path, 'segments', name!);
    damage(path, readFileSync(path));
    await volume.open(2);
    return volume;
  }

  /** Lets the scrub look until it has found that many. */
  async scrub(damaged: number): Promise<void> {
    await this.clock.advance(upkeepIntervalMs);
    await until(`${damaged} damaged`, () => this.figures.damagedBlobs === damaged);
  }

  get figures() {
    return this.store.health().upkeep;
  }

  /** Uids that cannot be read; the others are checked. */
  async unreadable(): Promise<number[]> {
    const bad: number[] = [];
    for await (const batch of this.store.messages(context, ref, [{ first: 1, last: Infinity }], {})) {
      for (const { uid, blobId } of batch) {
        try {
          assert((await collect(this.store.read(blobId), 2 * SIZE)).equals(bytesOf(uid)));
        } catch (error) {
          assert(error instanceof MailStoreError && error.code === 'corrupt', String(error));
          bad.push(uid);
        }
      }
    }
    return bad;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.store.close();
    this.directory[Symbol.dispose]();
  }

  private async open(epoch: number): Promise<void> {
    this.store = await openVolume({
      ...{ path: this.path, ...identity, epoch, clock: this.clock, logger: silentLogger },
      ...{ parse: () => messageParser(), settings: { upkeepBytesPerSecond: Infinity } },
    });
  }
}

const flip = (at: number) => (path: string, content: Buffer) => {
  content.writeUInt8(content.readUInt8(at) ^ 1, at);
  writeFileSync(path, content);
};

const CASES = [
  ['a bit of one message', flip(3 * RECORD + 500), [4]],
  ['a bit of a header, which hides where the next record is', flip(3 * RECORD + 20), [4]],
  ['the end of the file', (path, content) => writeFileSync(path, content.subarray(0, 7 * RECORD + 9)), [8, 9, 10]],
  ['the whole file', (path) => rmSync(path), [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]],
] as const satisfies readonly (readonly [string, (path: string, content: Buffer) => void, number[]])[];

describe('scrub', () => {
  for (const [what, damage, uids] of CASES)
    it(`finds out that ${what} is damaged, and repairs it from a backup`, async () => {
      await using volume = await Damaged.by(damage);
      assert.equal(volume.figures.damagedBlobs, 0);
      await volume.scrub(uids.length);
      assert.deepEqual(await volume.unreadable(), uids);
      const empty = join(volume.path, 'none');
      assert.deepEqual(await volume.store.backup.repair(empty), { repaired: 0, left: uids.length });
      assert.deepEqual(await volume.store.backup.repair(volume.backups), { repaired: uids.length, left: 0 });
      assert.deepEqual(await volume.unreadable(), []);
      assert.equal(volume.figures.damagedBlobs, 0);
      await volume.store.close();
      assertSound(volume.path);
    });

  it('reads what is whole once in its time, and says nothing', async () => {
    await using volume = await Damaged.by(() => {});
    await volume.clock.advance(upkeepIntervalMs);
    await until('the reading', () => volume.figures.scrubbedBytes === 10 * SIZE);
    assert.equal(volume.figures.damagedBlobs, 0);
    await volume.clock.advance(10 * upkeepIntervalMs);
    assert.equal(volume.figures.scrubbedBytes, 10 * SIZE);
    await volume.clock.advance(scrubIntervalMs);
    await volume.clock.advance(upkeepIntervalMs);
    await until('the next reading', () => volume.figures.scrubbedBytes === 20 * SIZE);
  });

  it('damage that was deleted is none', async () => {
    await using volume = await Damaged.by(flip(500));
    await volume.scrub(1);
    await volume.store.removeAccount(context, 'a');
    await until('the damage to go', async () => {
      await volume.clock.advance(upkeepIntervalMs);
      return volume.figures.damagedBlobs === 0;
    });
  });
});
