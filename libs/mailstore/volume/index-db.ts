import { backup, DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite';

export type SqlValue = SQLInputValue;

/**
 * The volume's index: one SQLite connection, each statement prepared once. Calls are synchronous, so what runs between two
 * awaits sees one state. `Row` types are promises the SQL beside them makes: columns are aliased to the type's names.
 */
export class IndexDb {
  /** Rows changed through this connection: what has not risen needs no sync, and nothing undone. */
  changes = 0;
  private readonly prepared = new Map<string, StatementSync>();
  private readonly arrays = new Map<string, StatementSync>();
  private readonly database: DatabaseSync;

  constructor(path: string) {
    this.database = new DatabaseSync(path, { timeout: 0 });
  }

  exec(sql: string): void {
    this.database.exec(sql);
  }

  get<Row>(sql: string, ...parameters: SqlValue[]): Row | undefined {
    return this.statement(sql).get(...parameters) as Row | undefined;
  }

  all<Row>(sql: string, ...parameters: SqlValue[]): readonly Row[] {
    return this.statement(sql).all(...parameters) as Row[];
  }

  /** Rows as arrays, for long lists: half the cost of objects. */
  tuples<Row extends readonly unknown[]>(sql: string, ...parameters: SqlValue[]): readonly Row[] {
    let statement = this.arrays.get(sql);
    if (!statement) {
      statement = this.database.prepare(sql);
      statement.setReturnArrays(true);
      this.arrays.set(sql, statement);
    }
    return statement.all(...parameters) as unknown as Row[];
  }

  /** INSERT, UPDATE or DELETE. Returns how many rows it changed. */
  run(sql: string, ...parameters: SqlValue[]): number {
    const changed = Number(this.statement(sql).run(...parameters).changes);
    this.changes += changed;
    return changed;
  }

  /** DELETE … RETURNING of one row. */
  take<Row>(sql: string, ...parameters: SqlValue[]): Row | undefined {
    const row = this.get<Row>(sql, ...parameters);
    if (row !== undefined) this.changes += 1;
    return row;
  }

  /** BEGIN, COMMIT and their like. */
  control(sql: 'BEGIN IMMEDIATE' | 'COMMIT' | 'ROLLBACK' | 'SAVEPOINT operation' | 'RELEASE operation'): void {
    this.statement(sql).run();
  }

  /** Undoes what was done since the savepoint, and ends it. */
  undoOperation(): void {
    this.statement('ROLLBACK TO operation').run();
    this.statement('RELEASE operation').run();
  }

  /** False after an error that made SQLite give up the whole transaction. */
  get inTransaction(): boolean {
    return this.database.isTransaction;
  }

  /** Copies the database to a new file while it is in use, some pages at a time. What `assertGoing` throws ends it. */
  async backup(path: string, pagesAStep: number, assertGoing: () => void): Promise<void> {
    await backup(this.database, path, { rate: pagesAStep, progress: assertGoing });
  }

  close(): void {
    this.prepared.clear();
    this.arrays.clear();
    if (this.database.isOpen) this.database.close();
  }

  private statement(sql: string): StatementSync {
    let statement = this.prepared.get(sql);
    if (!statement) {
      statement = this.database.prepare(sql);
      this.prepared.set(sql, statement);
    }
    return statement;
  }
}
