const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

export interface QueueSettings {
  /**
   * Waits after the first, second, … failed attempt; the last one repeats. RFC 5321 §4.5.4.1 asks for 30 minutes or more
   * between attempts, and for more frequent ones at first: most failures are greylisting or a restart.
   */
  readonly retryDelaysMs: readonly number[];
  /** The same for recipients in our own cluster, where a failed owner is replaced in seconds. */
  readonly clusterRetryDelaysMs: readonly number[];
  /** RFC 5321 §4.5.4.1: at least four to five days. */
  readonly expireAfterMs: number;
  /** When the sender is told of a delay. Default 4 h, as sendmail's and Exim's habit is. */
  readonly warnAfterMs: number;
  /** Bounces themselves wait less. Default 2 days. */
  readonly bounceExpireAfterMs: number;
  /** Messages on their way to one destination at a time. Default 10; Postfix's default_destination_concurrency_limit is 20. */
  readonly perDestinationMax: number;
  /** How many at first; one more for each answer. Default 2; Postfix's initial_destination_concurrency is 5. */
  readonly perDestinationFirst: number;
  /** And to all. Default 500: a waiting connection costs little, and one that hangs may last for minutes. */
  readonly attemptsMax: number;
  /** Recipients in one transaction. Default 50, as Postfix's default_destination_recipient_limit. */
  readonly recipientsMax: number;
  /** Entries held in memory; the rest wait in the store. Default 5,000. */
  readonly windowMax: number;
  /** How long a destination that cannot be reached is left alone: doubled each time, within these bounds. */
  readonly backOffMinMs: number;
  readonly backOffMaxMs: number;
  /** Bytes of the original's header in a bounce, and of the whole with RET=FULL. Default 50,000: Postfix's bounce_size_limit. */
  readonly returnBytesMax: number;
}

export const QUEUE_SETTINGS: QueueSettings = {
  retryDelaysMs: [MINUTE, 5 * MINUTE, 15 * MINUTE, 30 * MINUTE, HOUR, 2 * HOUR, 4 * HOUR],
  clusterRetryDelaysMs: [1_000, 2_000, 5_000, 15_000, MINUTE, 5 * MINUTE, 15 * MINUTE, 30 * MINUTE, HOUR],
  expireAfterMs: 5 * DAY,
  warnAfterMs: 4 * HOUR,
  bounceExpireAfterMs: 2 * DAY,
  perDestinationMax: 10,
  perDestinationFirst: 2,
  attemptsMax: 500,
  recipientsMax: 50,
  windowMax: 5_000,
  backOffMinMs: 30_000,
  backOffMaxMs: 30 * MINUTE,
  returnBytesMax: 50_000,
};
