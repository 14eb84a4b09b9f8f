const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
/** Between tries, after standardwebhooks.com's recommendation: from five seconds to a day, about three days in all. */
const DELAYS = [5_000, 5 * MINUTE, 30 * MINUTE, 2 * HOUR, 5 * HOUR, 10 * HOUR, 14 * HOUR, 20 * HOUR, 24 * HOUR];

/** How long to wait after the n-th try; `undefined` when it was the last. */
export const webhookRetryMs = (tries: number): number | undefined => DELAYS[tries - 1];
