import { type Deferred, deferred } from '#stdx';

/** More waited than is worth waiting for. */
export class SlotsFullError extends Error {
  override readonly name = 'SlotsFullError';
}

/** Lets `runningMax` run at once and `waitingMax` wait, first come first served; rejects `SlotsFullError` beyond. */
export class Slots {
  private running = 0;
  private readonly waiting: Deferred<void>[] = [];

  constructor(
    private readonly runningMax: number,
    private readonly waitingMax: number,
  ) {}

  async run<T>(work: () => Promise<T>): Promise<T> {
    if (this.running >= this.runningMax) {
      if (this.waiting.length >= this.waitingMax) throw new SlotsFullError('too many are waiting');
      const turn = deferred<void>();
      this.waiting.push(turn);
      // Whoever ends hands its slot on, so `running` counts it already.
      await turn.promise;
    } else this.running++;
    try {
      return await work();
    } finally {
      const next = this.waiting.shift();
      if (next) next.resolve();
      else this.running--;
    }
  }
}
