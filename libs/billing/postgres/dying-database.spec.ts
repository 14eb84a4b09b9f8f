import type { Database, Queryable } from '#database';

/** The process is gone: whatever it would have done next is not done. */
export class Killed extends Error {
  override readonly name = 'Killed';
}

/** At which statement, commits counted as one, and on which side of it: not done, or done and nobody heard. */
export interface Strike {
  readonly at: number;
  readonly moment: 'before' | 'after';
}

/** The database as one process sees it that is killed at a statement; afterwards it refuses everything. */
export function dyingDatabase(database: Database, strike: Strike): Database {
  let statements = 0;
  let isDead = false;
  const die = (): never => {
    isDead = true;
    throw new Killed(`at statement ${strike.at}`);
  };
  const enter = (): boolean => {
    if (isDead) die();
    const isHit = statements++ === strike.at;
    if (isHit && strike.moment === 'before') die();
    return isHit;
  };
  const step = async <T>(run: () => Promise<T>): Promise<T> => {
    const isHit = enter();
    const result = await run();
    return isHit ? die() : result;
  };
  const bound = (client: Queryable): Queryable => ({
    query: ((sql: string, values: unknown[]) => step(() => client.query(sql, values))) as Queryable['query'],
  });
  const committing = async <T>(
    begin: (work: (client: Queryable) => Promise<T>) => Promise<T>,
    work: (client: Queryable) => Promise<T>,
  ): Promise<T> => {
    let isHit = false;
    const result = await begin(async (client) => {
      const value = await work(bound(client));
      isHit = enter();
      return value;
    });
    return isHit ? die() : result;
  };
  return Object.assign(Object.create(database) as Database, {
    query: (sql: string, values?: unknown[]) => step(() => database.query(sql, values)),
    transaction: <T>(work: (client: Queryable) => Promise<T>) =>
      committing((begun) => database.transaction(begun), work),
    asPartner: <T>(partnerId: string | undefined, work: (client: Queryable) => Promise<T>) =>
      committing((begun) => database.asPartner(partnerId, begun), work),
  });
}
