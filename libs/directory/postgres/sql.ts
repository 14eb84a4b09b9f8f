import type { Queryable } from '#database';
import type { DirectoryError } from '#directory/api';
import { err, ok, type Result } from '#stdx';

export type What = Extract<DirectoryError, { code: 'notFound' }>['what'];
export type Answer<T> = Result<T, DirectoryError>;
type Refused = { ok: false; error: DirectoryError };

export const notFound = (what: What): Refused => err({ code: 'notFound', what });
export const conflict = (what: string): Refused => err({ code: 'conflict', what });
export const forbidden = (what: string): Refused => err({ code: 'forbidden', what });

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** Whether it can be asked for as an id: PostgreSQL refuses other text as a uuid with an error. */
export const isId = (text: string): boolean => UUID.test(text);

/** The constraint a statement broke, for errors that are answers: 23505 unique, 23503 foreign key, 23514 check. */
function brokenConstraint(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  const { code, constraint } = error as Error & { code?: unknown; constraint?: unknown };
  return (code === '23505' || code === '23503' || code === '23514') && typeof constraint === 'string'
    ? constraint
    : undefined;
}

/** Turns the breaking of named constraints into refusals; anything else is thrown on. */
export async function refusing<T>(
  refusals: Readonly<Record<string, DirectoryError>>,
  work: () => Promise<Answer<T>>,
): Promise<Answer<T>> {
  try {
    return await work();
  } catch (error) {
    const refusal = refusals[brokenConstraint(error) ?? ''];
    if (refusal) return err(refusal);
    throw error;
  }
}

export interface VersionedRow {
  readonly id: string;
  readonly version: number;
}

/**
 * Sets the columns given (`undefined` leaves one as it is) and raises the version, if it still is `version`.
 * Table and columns are literals of the caller, never input.
 */
export async function updateRow<Row extends VersionedRow>(
  client: Queryable,
  what: What,
  id: string,
  version: number | undefined,
  columns: Readonly<Record<string, unknown>>,
): Promise<Answer<Row>> {
  const changes = Object.entries(columns).filter(([, value]) => value !== undefined);
  const assignments = changes.map(([column], index) => `${column} = $${index + 3}`);
  const { rows } = await client.query<Row>(
    `UPDATE ${what} SET ${[...assignments, 'version = version + 1'].join(', ')}
     WHERE id = $1 AND version = coalesce($2, version) RETURNING *`,
    [id, version ?? null, ...changes.map(([, value]) => value)],
  );
  return rows[0] ? ok(rows[0]) : missing(client, what, id);
}

/** Deletes the row, if it still is `version`; gives back what it was. */
export async function deleteRow<Row extends VersionedRow>(
  client: Queryable,
  what: What,
  id: string,
  version: number | undefined,
): Promise<Answer<Row>> {
  const { rows } = await client.query<Row>(
    `DELETE FROM ${what} WHERE id = $1 AND version = coalesce($2, version) RETURNING *`,
    [id, version ?? null],
  );
  return rows[0] ? ok(rows[0]) : missing(client, what, id);
}

/** Why a row was not touched: it is not there, or it has moved on. */
async function missing(client: Queryable, what: What, id: string): Promise<Refused> {
  const { rows } = await client.query(`SELECT FROM ${what} WHERE id = $1`, [id]);
  return rows.length === 0 ? notFound(what) : err({ code: 'stale', what });
}

/** A row by id or by the column people call it by. */
export async function findRow<Row extends object>(
  client: Queryable,
  what: What,
  column: string,
  id: string | undefined,
  name: string | undefined,
): Promise<Answer<Row>> {
  const { rows } = await client.query<Row>(`SELECT * FROM ${what} WHERE ${id === undefined ? column : 'id'} = $1`, [
    id ?? name ?? '',
  ]);
  return rows[0] ? ok(rows[0]) : notFound(what);
}
