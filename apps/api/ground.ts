import type { Clock, Logger, Random } from '#stdx';

/** What every use case stands on. */
export interface Ground {
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}
