import pg from 'pg';

export type Queryable = Pick<pg.ClientBase, 'query'>;

/** Class 08 (connection), 53 (resources), 57P (shutdown), and what the socket itself reports. */
const UNAVAILABLE_CODE = /^(08...|53...|57P0.|ECONNREFUSED|ECONNRESET|ENOENT|EPIPE|ETIMEDOUT|EAI_AGAIN)$/;

/** The database cannot be asked now, as opposed to having refused the question. */
export function isDatabaseUnavailable(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const code = (error as Error & { code?: unknown }).code;
  if (typeof code === 'string' && UNAVAILABLE_CODE.test(code)) return true;
  return /Connection terminated|Query read timeout|timeout exceeded when trying to connect|Client has encountered a connection error/.test(
    error.message,
  );
}

export interface DatabaseOptions {
  readonly url: string;
  /** Connections held at most; default 8. */
  readonly connectionsMax?: number;
  /** How long to wait for a connection or an answer before the database counts as unavailable; default 5,000. */
  readonly timeoutMs?: number;
  readonly applicationName?: string;
}

/**
 * Sessions start in the role `rookery_system`, which sees every partner. `asPartner` drops to `rookery_tenant`, which
 * row-level security binds to one partner: forgetting a WHERE clause then shows nothing instead of everything.
 */
export class Database {
  readonly pool: pg.Pool;

  constructor(options: DatabaseOptions) {
    const timeoutMs = options.timeoutMs ?? 5_000;
    this.pool = new pg.Pool({
      connectionString: options.url,
      max: options.connectionsMax ?? 8,
      connectionTimeoutMillis: timeoutMs,
      query_timeout: timeoutMs * 6,
      application_name: options.applicationName ?? 'rookery',
      options: '-c role=rookery_system',
    });
    // An idle connection that breaks is replaced at the next use.
    this.pool.on('error', () => {});
  }

  async query<Row extends pg.QueryResultRow>(sql: string, values: readonly unknown[] = []): Promise<Row[]> {
    return (await this.pool.query<Row>(sql, values as unknown[])).rows;
  }

  /** Runs `work` in one transaction as the system. */
  async transaction<T>(work: (client: Queryable) => Promise<T>): Promise<T> {
    return this.begin(undefined, work);
  }

  /** Runs `work` in one transaction that sees the partner's rows only; without a partner, as the system. */
  async asPartner<T>(partnerId: string | undefined, work: (client: Queryable) => Promise<T>): Promise<T> {
    return this.begin(partnerId, work);
  }

  private async begin<T>(partnerId: string | undefined, work: (client: Queryable) => Promise<T>): Promise<T> {
    const client = await this.pool.connect();
    let broken: Error | undefined;
    // The pool listens to idle connections alone: without a listener here, one that breaks would end the process.
    const onError = (error: Error): void => {
      broken = error;
    };
    client.on('error', onError);
    try {
      await client.query('BEGIN');
      if (partnerId !== undefined) {
        await client.query(
          "SELECT set_config('role', 'rookery_tenant', true), set_config('rookery.partner_id', $1, true)",
          [partnerId],
        );
      }
      const result = await work(client);
      await client.query('COMMIT');
      return result;
    } catch (error) {
      await client.query('ROLLBACK').catch((rollbackError: Error) => (broken = rollbackError));
      throw error;
    } finally {
      client.off('error', onError);
      client.release(broken);
    }
  }

  async close(): Promise<void> {
    await this.pool.end();
  }
}
