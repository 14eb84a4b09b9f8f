import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { AccountMove, AccountMoves } from '#cluster/api';

/** One account that lives on the first of two volumes, in a cluster somebody leads. */
export interface AccountMovesHarness extends AsyncDisposable {
  readonly moves: AccountMoves;
  readonly accountId: string;
  readonly volumes: readonly [string, string];
  readonly leaderEpoch: number;
  /** Volume on which the directory says the account lives. */
  home(): Promise<string | undefined>;
  /** The account is deleted from the directory. */
  deleteAccount(): Promise<void>;
}

const NOBODY = '00000000-0000-4000-8000-0000000000ff';

/** Runs the suite against the engine that `open` makes. */
export function accountMovesContract(name: string, open: () => Promise<AccountMovesHarness>): void {
  const asked = async ({ moves, accountId, volumes }: AccountMovesHarness): Promise<AccountMove> => {
    const move = await moves.request(accountId, volumes[1]);
    assert.ok(move.ok, JSON.stringify(move));
    return move.value;
  };
  const stateOf = async ({ moves }: AccountMovesHarness, id: string) => (await moves.find(id))?.state;

  describe(name, () => {
    it('takes one wish at a time for an account, to a volume of its cluster', async () => {
      await using harness = await open();
      const { moves, accountId, volumes } = harness;
      const refusal = async (account: string, volume: string) => {
        const answer = await moves.request(account, volume);
        return answer.ok ? 'ok' : answer.error;
      };
      assert.equal(await refusal(NOBODY, volumes[1]), 'accountNotFound');
      assert.equal(await refusal(accountId, NOBODY), 'volumeNotFound');
      assert.equal(await refusal(accountId, volumes[0]), 'alreadyThere');
      const move = await asked(harness);
      assert.deepEqual(
        [move.state, move.fromVolumeId, move.toVolumeId, move.accountExists],
        ['waiting', ...volumes, true],
      );
      assert.equal(await refusal(accountId, volumes[1]), 'alreadyMoving');
      assert.deepEqual(await moves.list({ limit: 5 }), [move]);
      assert.deepEqual(await moves.list({ limit: 5, before: move.id }), []);
      assert.deepEqual(await moves.list({ limit: 5, accountId: NOBODY }), []);
      assert.equal(await moves.find('999999'), undefined);
    });

    it('is written by who leads, from the state it was decided on', async () => {
      await using harness = await open();
      const { moves, leaderEpoch } = harness;
      const move = await asked(harness);
      const { id } = move;
      assert.equal(await moves.advance(leaderEpoch - 1, move, { state: 'copying' }), false);
      assert.equal(await moves.advance(leaderEpoch, { id, state: 'copying' }, { passes: 1 }), false);
      const progress = { state: 'copying', bytesTotal: 9, bytesCopied: 4, passes: 1, trouble: 'slow' } as const;
      assert.equal(await moves.advance(leaderEpoch, move, progress), true);
      const now = await moves.find(id);
      assert.deepEqual({ ...now, ...progress }, now);
      assert.equal(await moves.advance(leaderEpoch, { id, state: 'copying' }, { trouble: null }), true);
      assert.equal((await moves.find(id))?.trouble, null);
    });

    it('changes the placement and the move together, once', async () => {
      await using harness = await open();
      const { moves, leaderEpoch, volumes } = harness;
      const move = await asked(harness);
      const input = { heldMs: 12.5, graceMs: 60_000 };
      assert.equal(await moves.flip(leaderEpoch, move.id, input), false, 'not yet switching');
      await moves.advance(leaderEpoch, move, { state: 'switching' });
      assert.equal(await moves.flip(leaderEpoch - 1, move.id, input), false);
      assert.equal(await harness.home(), volumes[0]);
      assert.equal(await moves.flip(leaderEpoch, move.id, input), true);
      assert.equal(await harness.home(), volumes[1]);
      assert.equal(await moves.flip(leaderEpoch, move.id, input), false);
      const now = await moves.find(move.id);
      assert.deepEqual([now?.state, now?.heldMs], ['forgetting', 12.5]);
      assert.deepEqual(await moves.unfinished(), [], 'its copy is kept for a while');
    });

    it('is called off while it is copying, and not later', async () => {
      await using harness = await open();
      const { moves, leaderEpoch } = harness;
      const move = await asked(harness);
      assert.equal(await moves.cancel(move.id), true);
      assert.equal(await moves.cancel(move.id), false);
      assert.equal(
        await moves.advance(leaderEpoch, { id: move.id, state: 'cancelling' }, { state: 'cancelled' }),
        true,
      );
      assert.ok((await moves.find(move.id))?.finishedAt);
      const second = await asked(harness);
      await moves.advance(leaderEpoch, second, { state: 'switching' });
      assert.equal(await moves.cancel(second.id), false);
      assert.equal(await stateOf(harness, second.id), 'switching');
    });

    it('forgets what is left of a move before the next one of the account', async () => {
      await using harness = await open();
      const { moves, leaderEpoch, accountId, volumes } = harness;
      const move = await asked(harness);
      await moves.advance(leaderEpoch, move, { state: 'switching' });
      await moves.flip(leaderEpoch, move.id, { heldMs: 1, graceMs: 3_600_000 });
      const back = await moves.request(accountId, volumes[0]);
      assert.ok(back.ok);
      assert.deepEqual(
        (await moves.unfinished()).map(({ id }) => id),
        [move.id, back.value.id],
      );
    });

    it('says that its account is gone', async () => {
      await using harness = await open();
      const move = await asked(harness);
      await harness.deleteAccount();
      assert.deepEqual(
        (await harness.moves.unfinished()).map(({ id, accountExists }) => [id, accountExists]),
        [[move.id, false]],
      );
    });
  });
}
