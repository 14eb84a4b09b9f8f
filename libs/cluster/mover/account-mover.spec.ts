import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  type AccountHands,
  AccountHandsError,
  type AccountStand,
  type AccountStep,
  type CopyCursor,
  type MovingAccount,
} from '#cluster/api';
import { MemoryAccountMoves, type MemoryPlacement } from '#cluster/memory';
import { type Random, seededRandom, silentLogger } from '#stdx';
import { SimulatedClock } from '#testing';
import { AccountMover } from './account-mover.ts';

/** An account as a list of what was written to it. */
interface Lying {
  standing: AccountStand['standing'];
  readonly written: number[];
}

const ACCOUNT = 'a';
const VOLUMES = ['one', 'two'] as const;

/** Two volumes, and nodes that fail before they have done what was asked, after it, or not at all. */
class Shelves implements AccountHands {
  readonly volumes = new Map<string, Map<string, Lying>>(VOLUMES.map((volume) => [volume, new Map()]));
  private readonly terms = new Map<string, number>();
  trouble = 0;

  constructor(
    private readonly random: Random,
    private readonly clock: SimulatedClock,
  ) {}

  at(volume: string): Lying | undefined {
    return this.volumes.get(volume)?.get(ACCOUNT);
  }

  async step(volume: string, account: MovingAccount, step: AccountStep, term: number): Promise<AccountStand> {
    return this.unreliably(() => {
      if (term < (this.terms.get(volume) ?? 0)) throw new AccountHandsError('unreachable', 'a former leader asks');
      this.terms.set(volume, term);
      const shelf = this.volumes.get(volume)!;
      const lying = shelf.get(account.accountId);
      if (step === 'prepare' && !lying) shelf.set(account.accountId, { standing: 'open', written: [] });
      if (step === 'hold' && lying) lying.standing = 'held';
      if (step === 'release' && lying?.standing === 'held') lying.standing = 'open';
      if (step === 'forget' && lying?.standing === 'held') shelf.delete(account.accountId);
      if (step === 'admit' && lying?.standing === 'arriving') lying.standing = 'open';
      if (step === 'discard') shelf.delete(account.accountId);
      const now = shelf.get(account.accountId);
      const modSeq = now?.written.length ?? 0;
      const cursor = now?.standing === 'arriving' ? { modSeq, nextMessage: 1 } : null;
      return { standing: now?.standing ?? 'none', cursor, modSeq, usedBytes: modSeq };
    });
  }

  async copy(
    { fromVolumeId, toVolumeId }: { readonly fromVolumeId: string; readonly toVolumeId: string },
    since: CopyCursor,
    onBytes: (bytes: number) => void,
  ): Promise<CopyCursor> {
    return this.unreliably(() => {
      const source = this.at(fromVolumeId);
      const shelf = this.volumes.get(toVolumeId)!;
      const target = shelf.get(ACCOUNT) ?? { standing: 'arriving', written: [] };
      if (!source) throw new AccountHandsError('unreachable', 'no such account');
      if (target.standing !== 'arriving' || target.written.length !== since.modSeq)
        throw new AccountHandsError('beginAnew', 'the stream does not begin where the copy ends');
      shelf.set(ACCOUNT, target);
      target.written.push(...source.written.slice(since.modSeq));
      onBytes(target.written.length - since.modSeq);
      return { modSeq: target.written.length, nextMessage: 1 };
    });
  }

  private async unreliably<T>(work: () => T): Promise<T> {
    await this.clock.sleep(1 + this.random.fraction() * 20);
    const luck = this.random.fraction();
    if (luck < this.trouble / 2) throw new AccountHandsError('unreachable', 'lost on the way');
    const result = work();
    await this.clock.sleep(1 + this.random.fraction() * 20);
    if (luck < this.trouble) throw new AccountHandsError('unreachable', 'done, and the answer was lost');
    return result;
  }
}

function bed(seed: number) {
  const random = seededRandom(seed);
  const clock = new SimulatedClock();
  const shelves = new Shelves(random, clock);
  const placements = new Map<string, MemoryPlacement>([[ACCOUNT, { email: 'a@example', volumeId: 'one' }]]);
  const lead = { epoch: 1 };
  const moves = new MemoryAccountMoves('c', placements, new Set(VOLUMES), async (epoch) => epoch === lead.epoch, clock);
  const held: number[] = [];
  const elect = (): AccountMover => {
    const epoch = lead.epoch;
    // A hub that was deposed believes in itself a little longer.
    const mover = new AccountMover(
      { moves, hands: shelves, term: () => epoch, moved: (_, ms) => held.push(ms), clock, logger: silentLogger },
      { turnMs: 50, graceMs: 1_000, holdMsMax: 120, retryMsMin: 20, retryMsMax: 100 },
    );
    mover.start();
    return mover;
  };
  const written: number[] = [];
  /** A user writes where the directory says that the account lives. */
  const write = (): void => {
    const lying = shelves.at(placements.get(ACCOUNT)!.volumeId);
    if (lying?.standing !== 'open') return;
    written.push(written.length);
    lying.written.push(written.length - 1);
  };
  shelves.volumes.get('one')!.set(ACCOUNT, { standing: 'open', written: [] });
  return { random, clock, shelves, placements, moves, lead, elect, held, written, write };
}

describe('AccountMover', () => {
  for (let seed = 1; seed <= 60; seed++) {
    it(`loses nothing and ends up somewhere, seed ${seed}`, async () => {
      const { random, clock, shelves, placements, moves, lead, elect, written, write } = bed(seed);
      shelves.trouble = random.fraction() * 0.4;
      let mover = elect();
      for (const to of ['two', 'one', 'two']) {
        await moves.request(ACCOUNT, to);
        for (let step = 0; step < 300; step++) {
          await clock.advance(10);
          if (random.fraction() < 0.3) write();
          if (random.fraction() < 0.02) {
            const former = mover;
            lead.epoch++;
            mover = elect();
            clock.after(random.fraction() * 100, () => former.stop());
          }
          if (random.fraction() < 0.003) await moves.cancel((await moves.list({ limit: 1 }))[0]?.id ?? '');
        }
      }
      shelves.trouble = 0;
      await clock.advance(20_000);
      assert.deepEqual(await moves.unfinished(), []);
      const home = placements.get(ACCOUNT)!.volumeId;
      assert.deepEqual(shelves.at(home), { standing: 'open', written }, 'everything acknowledged, once and in order');
      assert.equal(shelves.at(home === 'one' ? 'two' : 'one'), undefined, 'nothing is left elsewhere');
      mover.stop();
    });
  }

  it('holds the account briefly, and forgets the source after the grace time', async () => {
    const { clock, shelves, moves, elect, held, write } = bed(1);
    for (let i = 0; i < 50; i++) write();
    const mover = elect();
    await moves.request(ACCOUNT, 'two');
    await clock.advance(900);
    assert.ok(held.length === 1 && held[0]! < 300, String(held));
    assert.equal(shelves.at('one')?.standing, 'held');
    await clock.advance(2_000);
    assert.equal(shelves.at('one'), undefined);
    assert.equal((await moves.list({ limit: 1 }))[0]?.state, 'done');
    mover.stop();
  });

  it('gives up on an account that was deleted, and leaves nothing of it at the target', async () => {
    const { clock, shelves, moves, elect, placements } = bed(2);
    await moves.request(ACCOUNT, 'two');
    shelves.volumes.get('two')!.set(ACCOUNT, { standing: 'arriving', written: [] });
    placements.delete(ACCOUNT);
    const mover = elect();
    await clock.advance(1_000);
    assert.equal((await moves.list({ limit: 1 }))[0]?.state, 'failed');
    assert.equal(shelves.at('two'), undefined);
    mover.stop();
  });
});
