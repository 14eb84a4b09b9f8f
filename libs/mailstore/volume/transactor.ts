import {
  type AccountChange,
  type AccountId,
  type AnnotatedEntry,
  type MailboxId,
  MailStoreError,
  type MailStoreLimits,
} from '#mailstore/api';
import type { Clock, Logger } from '#stdx';
import { AccountCache } from './account-cache.ts';
import { BytesMissingError, forgetIfEmpty, settleLedgers } from './blobs.ts';
import type { Counters } from './counters.ts';
import { Edit } from './edit.ts';
import { failureKind } from './errors.ts';
import type { IndexDb } from './index-db.ts';
import type { Task, TaskResult } from './operation.ts';
import type { SegmentWriter } from './segments.ts';
import type { VolumeSettings } from './settings.ts';

/** What a committed transaction did. */
export interface Outcome {
  readonly results: readonly TaskResult[];
  /** Tasks there was no time for. */
  readonly rest: readonly Task[];
  /** Tasks whose bytes went away before they could be referred to. */
  readonly again: readonly Task[];
  readonly accounts: ReadonlySet<AccountId>;
  /** False when no row changed: nothing to sync. */
  readonly changed: boolean;
}

/** What watchers are told once it is durable. */
export interface Publication {
  readonly changes: readonly AccountChange[];
  readonly queueDueAt: number | undefined;
  /** Segments that hold nothing any more. */
  readonly emptySegments: readonly number[];
}

interface Gathered {
  modSeq: number;
  readonly mailboxes: Set<MailboxId>;
  mailboxList: boolean;
  readonly annotated: AnnotatedEntry[];
}

/** What the operations of a transaction came to. */
interface Run {
  readonly edits: Edit[];
  readonly results: TaskResult[];
  readonly again: Task[];
  rest: readonly Task[];
}

/** An operation refused after it had changed rows: they have to be undone, and without a savepoint all the others too. */
class NeedsSavepoints extends Error {}

/**
 * Runs operations in one SQLite transaction and gathers what to publish of those that succeeded. Operations check before
 * they change, so a refusal mostly has nothing to undo; for the rare one that has, the transaction is begun again with a savepoint an
 * operation. (Savepoints for all cost SQLite a copy of each page each operation touches, a fifth of a delivery.)
 */
export class Transactor {
  /** Messages and queue entries the volume holds. */
  messages: number;
  queueLength: number;
  private unpublished: Publication | undefined;
  private readonly cache: AccountCache;
  /** Segments that may hold nothing any more. */
  private readonly suspects = new Set<number>();

  constructor(
    readonly index: IndexDb,
    private readonly segments: SegmentWriter,
    private readonly counters: Counters,
    private readonly scope: {
      readonly limits: MailStoreLimits;
      readonly epoch: number;
      readonly settings: VolumeSettings;
    },
    private readonly clock: Clock,
    private readonly logger: Logger,
  ) {
    const count = (sql: string): number => index.get<{ n: number | null }>(sql)?.n ?? 0;
    this.messages = count('SELECT sum(messages) AS n FROM account');
    this.queueLength = count('SELECT count(*) AS n FROM queue');
    this.cache = new AccountCache(scope.settings.cachedAccountsMax);
  }

  /** Throws, with nothing changed, when the transaction as a whole failed. */
  transact(tasks: readonly Task[]): Outcome {
    try {
      return this.attempt(tasks, false);
    } catch (error) {
      if (error instanceof NeedsSavepoints) return this.attempt(tasks, true);
      throw error;
    }
  }

  /** What to tell of the last transaction, once; for when it is durable. */
  takePublication(): Publication | undefined {
    const publication = this.unpublished;
    this.unpublished = undefined;
    return publication;
  }

  private attempt(tasks: readonly Task[], savepoints: boolean): Outcome {
    const { index } = this;
    const before = index.changes;
    index.control('BEGIN IMMEDIATE');
    try {
      const { edits, results, again, rest } = this.runAll(tasks, savepoints);
      const changed = index.changes !== before;
      const emptySegments = changed ? this.settle(edits) : [];
      index.control('COMMIT');
      if (changed) this.committed(edits, emptySegments);
      return {
        results,
        rest,
        again,
        changed,
        accounts: new Set(edits.flatMap(({ accounts }) => [...accounts.keys()])),
      };
    } catch (error) {
      this.cache.clear();
      if (index.inTransaction) index.control('ROLLBACK');
      throw error;
    }
  }

  private runAll(tasks: readonly Task[], savepoints: boolean): Run {
    const deadline = this.clock.monotonic() + this.scope.settings.commitHoldMs;
    const run: Run = { edits: [], results: [], again: [], rest: [] };
    for (const [i, task] of tasks.entries()) {
      if (i > 0 && this.clock.monotonic() > deadline) {
        run.rest = tasks.slice(i);
        break;
      }
      this.runOne(task, run, savepoints);
    }
    return run;
  }

  private runOne(task: Task, run: Run, savepoints: boolean): void {
    const { index } = this;
    const before = index.changes;
    if (savepoints) index.control('SAVEPOINT operation');
    try {
      const edit = this.newEdit();
      const value = task.operation.run(edit);
      edit.save();
      edit.remember();
      if (savepoints) index.control('RELEASE operation');
      run.edits.push(edit);
      run.results.push({ task, value });
    } catch (error) {
      const kind = failureKind(error);
      // A full disk, or the end: the transaction as a whole has to answer for it.
      if (kind === 'diskFull' || kind === 'fatal' || !index.inTransaction) throw error;
      if (savepoints) index.undoOperation();
      else if (index.changes !== before) throw new NeedsSavepoints();
      if (error instanceof BytesMissingError) run.again.push(task);
      else run.results.push({ task, error: kind === 'refusal' ? error : this.fault(error) });
    }
  }

  private newEdit(): Edit {
    const { limits, epoch } = this.scope;
    const { index, cache, counters, queueLength } = this;
    return new Edit({ index, cache, counters, limits, epoch, queueLength, now: Math.floor(this.clock.now()) });
  }

  private fault(error: unknown): MailStoreError {
    this.logger.error({ error }, 'an operation failed by a fault of this program');
    return new MailStoreError('unavailable', 'internal error', { cause: error });
  }

  /** The books of the volume as a whole. Returns the segments that were forgotten. */
  private settle(edits: readonly Edit[]): readonly number[] {
    const { index, segments, suspects } = this;
    this.counters.save();
    for (const id of settleLedgers(
      index,
      edits.map(({ blobs }) => blobs),
    ))
      suspects.add(id);
    const { activeId, activeBytes, sealed } = segments;
    if (activeId !== undefined) {
      index.run(
        `INSERT INTO segment (id, bytes, live, open) VALUES (?1, ?2, 0, 1)
          ON CONFLICT (id) DO UPDATE SET bytes = ?2, open = 1`,
        ...[activeId, activeBytes],
      );
    }
    for (const id of sealed) {
      index.run('UPDATE segment SET open = 0 WHERE id = ?', id);
      suspects.add(id);
    }
    return [...suspects].filter((id) => !segments.isInUse(id) && id !== activeId && forgetIfEmpty(index, id));
  }

  private committed(edits: readonly Edit[], emptySegments: readonly number[]): void {
    const { segments, suspects } = this;
    segments.forgetSealed();
    for (const id of suspects) if (!segments.isInUse(id) && id !== segments.activeId) suspects.delete(id);
    for (const { messagesDelta, queueDelta } of edits) {
      this.messages += messagesDelta;
      this.queueLength += queueDelta;
    }
    this.unpublished = { changes: gather(edits), queueDueAt: earliest(edits), emptySegments };
  }
}

/** One change an account, however many operations touched it. */
function gather(edits: readonly Edit[]): readonly AccountChange[] {
  const accounts = new Map<AccountId, Gathered>();
  for (const edit of edits) {
    for (const [accountId, account] of edit.accounts) {
      if (!account.touched) continue;
      const known = accounts.get(accountId) ?? {
        modSeq: 0,
        mailboxes: new Set<MailboxId>(),
        mailboxList: false,
        annotated: [],
      };
      known.modSeq = account.row.modSeq;
      known.mailboxList ||= account.mailboxList;
      for (const id of account.changedMailboxes) known.mailboxes.add(id);
      known.annotated.push(...account.annotated);
      accounts.set(accountId, known);
    }
  }
  return [...accounts].map(([accountId, { modSeq, mailboxes, mailboxList, annotated }]) => ({
    ...{ accountId, modSeq, mailboxes: [...mailboxes], mailboxList, annotated },
  }));
}

function earliest(edits: readonly Edit[]): number | undefined {
  const due = edits.flatMap(({ queueDueAt }) => queueDueAt ?? []);
  return due.length > 0 ? Math.min(...due) : undefined;
}
