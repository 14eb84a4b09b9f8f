import type { Clock } from '#stdx';
import { withDeadline } from './deadline.ts';

/** The lead ended between two steps. */
export class NoLongerLeading extends Error {
  override readonly name = 'NoLongerLeading';
}

/** The right to write, asked for before every write by the leader's own clock. */
export class Term {
  constructor(
    /** Epoch in which this hub may act at this moment. */
    private readonly epoch: () => number | undefined,
    private readonly clock: Clock,
    private readonly timeoutMs: number,
  ) {}

  running(): boolean {
    return this.epoch() !== undefined;
  }

  /** Rejects `NoLongerLeading`, or as the control plane does; without an answer in time it is away. */
  write<T>(write: (epoch: number) => Promise<T>): Promise<T> {
    const epoch = this.epoch();
    if (epoch === undefined) return Promise.reject(new NoLongerLeading('the lead has ended'));
    return withDeadline(this.clock, this.timeoutMs, write(epoch));
  }
}
