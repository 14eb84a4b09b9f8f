/** Work found in PostgreSQL at each run: a tick asks for everything due, never for one period, so that a missed tick costs nothing. */
export interface BillingJob {
  readonly name: string;
  /** Cron in UTC; six fields where it is seconds. */
  readonly pattern: string;
  /** Does all that is due; what fails alone is reported through `onFailure` and does not stop the rest. */
  run(onFailure: (subject: string, error: Error) => void): Promise<number>;
}

/** Items taken in one go; the next tick takes the rest. */
export const LIMIT = 500;

export async function each<T>(
  items: readonly T[],
  nameOf: (item: T) => string,
  work: (item: T) => Promise<unknown>,
  onFailure: (subject: string, error: Error) => void,
): Promise<number> {
  let failures = 0;
  for (const item of items) {
    try {
      await work(item);
    } catch (error) {
      failures++;
      onFailure(nameOf(item), error as Error);
    }
  }
  // Failed outright, the job is tried again with backoff; what went well is not done again, because nothing of it is due.
  if (failures > 0) throw new Error(`${failures} of ${items.length} failed; see the log for each reason`);
  return items.length;
}
