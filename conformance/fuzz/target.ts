import type { Random } from '#stdx';

/** A parser and the inputs that may hurt it. */
export interface FuzzTarget {
  readonly name: string;
  /** Feeds it one input made from `random`; throws when a law is broken. */
  check(random: Random): void;
}
