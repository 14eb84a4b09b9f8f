import {
  type AccountHands,
  AccountHandsError,
  type AccountMove,
  type AccountMoves,
  type AccountStand,
  type AccountStep,
  type CopyCursor,
  type MoveProgress,
} from '#cluster/api';
import type { Clock } from '#stdx';
import type { AccountMoverSettings } from './settings.ts';

/** This hub no longer leads, or somebody else changed the move: whoever leads goes on from the ledger. */
export class Superseded extends Error {
  override readonly name = 'Superseded';
}

const NOTHING_COPIED: CopyCursor = { modSeq: 0, nextMessage: 1 };
/** Progress is written at most this often. */
const PROGRESS_EVERY_MS = 1_000;
/** Between two tries while the account is held. */
const HELD_RETRY_MS = 50;

export interface JourneyParts {
  readonly moves: AccountMoves;
  readonly hands: AccountHands;
  readonly clock: Clock;
  readonly settings: AccountMoverSettings;
  /** The epoch in which this hub may act at this moment. */
  readonly term: () => number | undefined;
  readonly moved: (move: AccountMove, heldMs: number) => void;
}

/**
 * One account's way, as far as one leader brings it. Its laws:
 * - the source serves until it is held, and is held until the placement has changed or the hold is given up in the ledger;
 * - what a target admitted before a hold was given up is nobody's, and is discarded before anything else is copied;
 * - every step may be repeated, and the ledger says which is next.
 */
export class Journey {
  private state: AccountMove['state'];
  private copied: number;

  constructor(
    private readonly move: AccountMove,
    private readonly parts: JourneyParts,
  ) {
    this.state = move.state;
    this.copied = move.bytesCopied;
  }

  /** Rejects `Superseded`, or `AccountHandsError` when it has to be tried again later. */
  async goOn(): Promise<void> {
    const { accountExists } = this.move;
    if (!accountExists && this.state !== 'forgetting') return this.giveUp('failed', 'the account was deleted');
    switch (this.state) {
      case 'waiting':
      case 'copying':
        await this.copy();
        return this.switchOver();
      case 'switching':
        return this.switchOver();
      case 'forgetting':
        await this.step('source', 'forget');
        return this.write({ state: 'done' });
      case 'cancelling':
        return this.giveUp('cancelled', this.move.trouble);
      case 'done':
      case 'cancelled':
      case 'failed':
        return;
    }
  }

  /** Pass after pass, until one took so little that the rest may be waited for. */
  private async copy(): Promise<void> {
    const { clock, settings } = this.parts;
    const source = await this.step('source', 'prepare');
    await this.write({ state: 'copying', bytesTotal: source.usedBytes, trouble: null });
    const target = await this.step('target', 'look');
    const usable = target.standing === 'arriving' && target.cursor !== null;
    if (!usable && target.standing !== 'none') await this.step('target', 'discard');
    // A hold that was given up, by us or by another leader.
    if (source.standing === 'held') await this.step('source', 'release');
    let cursor = usable ? (target.cursor ?? NOTHING_COPIED) : NOTHING_COPIED;
    for (let passes = this.move.passes + 1; ; passes++) {
      const since = clock.monotonic();
      cursor = await this.bringOver(cursor);
      await this.write({ passes, bytesCopied: this.copied });
      if (clock.monotonic() - since <= settings.lastPassMs || passes >= settings.passesMax) return;
    }
  }

  /** Holds the account for the last of it; gives the hold up when that takes too long. */
  private async switchOver(): Promise<void> {
    const { clock, settings, moves } = this.parts;
    if (this.state !== 'switching') await this.write({ state: 'switching' });
    const since = clock.monotonic();
    for (;;) {
      try {
        await this.finish();
        break;
      } catch (error) {
        if (!(error instanceof AccountHandsError)) throw error;
        const late = clock.monotonic() - since > settings.holdMsMax;
        if (late || error.why !== 'unreachable') return this.takeBack(error);
        await clock.sleep(HELD_RETRY_MS);
      }
    }
    const heldMs = clock.monotonic() - since;
    if (!(await moves.flip(this.term(), this.move.id, { heldMs, graceMs: settings.graceMs }))) throw new Superseded();
    this.parts.moved(this.move, heldMs);
  }

  private async finish(): Promise<void> {
    await this.step('source', 'hold');
    const { standing, cursor } = await this.step('target', 'look');
    // Admitted by a try whose answer was lost, of an account that was held then as it is now.
    if (standing === 'open') return;
    if (standing !== 'arriving' || !cursor) throw new AccountHandsError('beginAnew', 'the copy is gone');
    await this.bringOver(cursor);
    await this.step('target', 'admit');
  }

  /** The account is served where it was; copying goes on later. The ledger is told first: the next leader must not flip. */
  private async takeBack(error: AccountHandsError): Promise<never> {
    await this.write({ state: 'copying', trouble: error.message });
    await this.step('source', 'release');
    throw error;
  }

  private async giveUp(state: 'failed' | 'cancelled', trouble: string | null): Promise<void> {
    // That the move is still as we read it is what allows us to remove anything.
    await this.write({ state: 'cancelling', trouble });
    const source = await this.step('source', 'look');
    if (source.standing === 'held') await this.step('source', 'release');
    await this.step('target', 'discard');
    await this.write({ state });
  }

  private async bringOver(since: CopyCursor): Promise<CopyCursor> {
    const { hands, clock } = this.parts;
    let writtenAt = clock.monotonic();
    const onBytes = (bytes: number): void => {
      this.copied += bytes;
      if (clock.monotonic() - writtenAt < PROGRESS_EVERY_MS) return;
      writtenAt = clock.monotonic();
      this.write({ bytesCopied: this.copied }).catch(() => {}); // What matters is written with the pass.
    };
    try {
      return await hands.copy(this.move, since, onBytes);
    } catch (error) {
      if (error instanceof AccountHandsError && error.why === 'beginAnew' && this.state === 'copying')
        await this.step('target', 'discard');
      throw error;
    }
  }

  private step(where: 'source' | 'target', step: AccountStep): Promise<AccountStand> {
    const { fromVolumeId, toVolumeId } = this.move;
    return this.parts.hands.step(where === 'source' ? fromVolumeId : toVolumeId, this.move, step, this.term());
  }

  private async write(progress: MoveProgress): Promise<void> {
    const { id } = this.move;
    if (!(await this.parts.moves.advance(this.term(), { id, state: this.state }, progress))) throw new Superseded();
    this.state = progress.state ?? this.state;
  }

  private term(): number {
    const term = this.parts.term();
    if (term === undefined) throw new Superseded();
    return term;
  }
}
