/** Work found in PostgreSQL at each run: a tick asks for everything due, never for one period, so that a missed tick costs nothing. */
export interface BillingJob {
  readonly name: string;
  /** Cron in UTC; six fields where it is seconds. */
  readonly pattern: string;
  /** Does all that is due; what fails alone is reported through `onFailure` and does not stop the rest. */
  run(onFailure: (subject: string, error: Error) => void): Promise<number>;
}

/** Items taken from the database in one go. */
export const LIMIT = 500;

/**
 * Does all that is due, batch by batch until a batch brings nothing new: a tick that left some for the next would leave the
 * same ones each time. What failed, or is due still when it is done, is not tried again before the next tick.
 */
export async function drained<T>(
  due: (limit: number) => Promise<readonly T[]>,
  nameOf: (item: T) => string,
  work: (item: T) => Promise<unknown>,
  onFailure: (subject: string, error: Error) => void,
): Promise<number> {
  const tried = new Set<string>();
  let failures = 0;
  // What was tried and is due still: asked for on top of what is new, which it may stand before.
  let stuck = 0;
  for (;;) {
    const asked = LIMIT + stuck;
    const all = await due(asked);
    const batch = all.filter((item) => !tried.has(nameOf(item)));
    stuck = all.length - batch.length;
    if (batch.length === 0 && all.length < asked) break;
    for (const item of batch) {
      tried.add(nameOf(item));
      await work(item).catch((error: unknown) => {
        failures++;
        onFailure(nameOf(item), error as Error);
      });
    }
  }
  // Failed outright, the job is tried again with backoff; what went well is not done again, because nothing of it is due.
  if (failures > 0) throw new Error(`${failures} of ${tried.size} failed; see the log for each reason`);
  return tried.size;
}

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
