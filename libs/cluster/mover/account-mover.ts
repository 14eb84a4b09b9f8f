import { AccountHandsError, type AccountMove } from '#cluster/api';
import type { Logger, Timer } from '#stdx';
import { Journey, type JourneyParts, Superseded } from './journey.ts';
import { type AccountMoverSettings, DEFAULT_MOVER_SETTINGS } from './settings.ts';

export type AccountMoverPorts = Omit<JourneyParts, 'settings'> & { readonly logger: Logger };

interface Pause {
  readonly failures: number;
  /** Monotonic. */
  readonly until: number;
}

/** While this hub leads, brings every account in the ledger of moves further, some at once. */
export class AccountMover {
  private readonly settings: AccountMoverSettings;
  private readonly underWay = new Set<string>();
  private readonly pauses = new Map<string, Pause>();
  private timer: Timer | undefined;
  private looking = false;

  constructor(
    private readonly ports: AccountMoverPorts,
    settings: Partial<AccountMoverSettings> = {},
  ) {
    this.settings = { ...DEFAULT_MOVER_SETTINGS, ...settings };
  }

  start(): void {
    this.timer = this.ports.clock.every(this.settings.turnMs, () => void this.turn());
  }

  /** Begins nothing more; what is under way ends with its step, and whoever leads next goes on. */
  stop(): void {
    this.timer?.cancel();
  }

  private async turn(): Promise<void> {
    const { term, moves, logger } = this.ports;
    if (this.looking || term() === undefined) return;
    this.looking = true;
    try {
      const accounts = new Set<string>();
      for (const move of await moves.unfinished()) {
        // One account's moves come one after the other.
        if (accounts.has(move.accountId)) continue;
        accounts.add(move.accountId);
        if (this.mayGoOn(move)) void this.goOn(move);
      }
    } catch (error) {
      logger.debug({ error: (error as Error).message }, 'the moves could not be read');
    } finally {
      this.looking = false;
    }
  }

  private mayGoOn({ id }: AccountMove): boolean {
    if (this.underWay.has(id) || this.underWay.size >= this.settings.movesMax) return false;
    return this.ports.clock.monotonic() >= (this.pauses.get(id)?.until ?? Number.NEGATIVE_INFINITY);
  }

  private async goOn(move: AccountMove): Promise<void> {
    this.underWay.add(move.id);
    try {
      await new Journey(move, { ...this.ports, settings: this.settings }).goOn();
      this.pauses.delete(move.id);
    } catch (error) {
      if (!(error instanceof Superseded)) await this.pause(move, error as Error);
    } finally {
      this.underWay.delete(move.id);
    }
  }

  private async pause({ id, accountId }: AccountMove, error: Error): Promise<void> {
    const { logger, clock, moves, term } = this.ports;
    const failures = (this.pauses.get(id)?.failures ?? 0) + 1;
    const { retryMsMin, retryMsMax } = this.settings;
    const waitMs = Math.min(retryMsMax, retryMsMin * 2 ** (failures - 1));
    this.pauses.set(id, { failures, until: clock.monotonic() + waitMs });
    const level = error instanceof AccountHandsError ? 'warn' : 'error';
    logger[level]({ move: id, accountId, failures, error: error.message }, 'a move waits');
    try {
      const [epoch, now] = [term(), await moves.find(id)];
      if (epoch !== undefined && now) await moves.advance(epoch, now, { trouble: error.message });
    } catch {
      // It is in the log, and will be told the next time.
    }
  }
}
