import {
  type AccountChange,
  type AccountId,
  type MailboxId,
  MailStoreError,
  type MailStoreLimits,
} from '#mailstore/api';
import type { Clock, Logger } from '#stdx';
import { BlobLedger, forgetEmpty } from './blobs.ts';
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
}

/** Runs operations in one SQLite transaction, each in a savepoint, and gathers what to publish of those that succeeded. */
export class Transactor {
  /** Messages and queue entries the volume holds. */
  messages: number;
  queueLength: number;
  private unpublished: Publication | undefined;

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
  }

  /** Throws, with nothing changed, when the transaction as a whole failed. */
  transact(tasks: readonly Task[]): Outcome {
    const { index } = this;
    const before = index.totalChanges();
    index.run('BEGIN IMMEDIATE');
    try {
      const ledger = new BlobLedger(index);
      const { edits, results, rest } = this.runAll(tasks, ledger);
      const touchedSegments = ledger.settle();
      const changed = index.totalChanges() !== before;
      if (changed) this.saveBooks();
      const emptySegments = forgetEmpty(index, [...touchedSegments, ...this.segments.sealed]);
      index.run('COMMIT');
      if (changed) this.segments.forgetSealed();
      const changes = gather(edits);
      this.unpublished = {
        changes,
        queueDueAt: earliest(edits),
        emptySegments,
      };
      for (const { messagesDelta, queueDelta } of edits) {
        this.messages += messagesDelta;
        this.queueLength += queueDelta;
      }
      return { results, rest, changed, accounts: new Set(edits.flatMap(({ accounts }) => [...accounts.keys()])) };
    } catch (error) {
      if (index.inTransaction) index.run('ROLLBACK');
      throw error;
    }
  }

  /** What to tell of the last transaction, once; for when it is durable. */
  takePublication(): Publication | undefined {
    const publication = this.unpublished;
    this.unpublished = undefined;
    return publication;
  }

  private runAll(
    tasks: readonly Task[],
    ledger: BlobLedger,
  ): { readonly edits: Edit[]; readonly results: TaskResult[]; readonly rest: readonly Task[] } {
    const { limits, epoch, settings } = this.scope;
    const deadline = this.clock.monotonic() + settings.commitHoldMs;
    const edits: Edit[] = [];
    const results: TaskResult[] = [];
    for (const [i, task] of tasks.entries()) {
      if (i > 0 && this.clock.monotonic() > deadline) return { edits, results, rest: tasks.slice(i) };
      const edit = new Edit({
        ...{ index: this.index, ledger, counters: this.counters, limits, epoch },
        ...{ queueLength: this.queueLength, now: Math.floor(this.clock.now()) },
      });
      const result = this.runOne(task, edit);
      results.push(result);
      if (result.error === undefined) edits.push(edit);
    }
    return { edits, results, rest: [] };
  }

  private runOne(task: Task, edit: Edit): TaskResult {
    const { index } = this;
    index.run('SAVEPOINT operation');
    try {
      const value = task.operation.run(edit);
      edit.save();
      index.run('RELEASE operation');
      return { task, value };
    } catch (error) {
      const kind = failureKind(error);
      // A full disk, or the end: the transaction as a whole has to answer for it.
      if (kind === 'diskFull' || kind === 'fatal' || !index.inTransaction) throw error;
      index.run('ROLLBACK TO operation');
      index.run('RELEASE operation');
      if (kind === 'refusal') return { task, error };
      this.logger.error({ error }, 'an operation failed by a fault of this program');
      return { task, error: new MailStoreError('unavailable', 'internal error', { cause: error }) };
    }
  }

  private saveBooks(): void {
    this.counters.save();
    const { activeId, activeBytes } = this.segments;
    if (activeId !== undefined) {
      this.index.run(
        `INSERT INTO segment (id, bytes, live, open) VALUES (?1, ?2, 0, 1)
          ON CONFLICT (id) DO UPDATE SET bytes = ?2, open = 1`,
        ...[activeId, activeBytes],
      );
    }
    for (const id of this.segments.sealed) this.index.run('UPDATE segment SET open = 0 WHERE id = ?', id);
  }
}

/** One change an account, however many operations touched it. */
function gather(edits: readonly Edit[]): readonly AccountChange[] {
  const accounts = new Map<AccountId, Gathered>();
  for (const edit of edits) {
    for (const [accountId, account] of edit.accounts) {
      if (!account.touched) continue;
      const known = accounts.get(accountId) ?? { modSeq: 0, mailboxes: new Set<MailboxId>(), mailboxList: false };
      known.modSeq = account.row.modSeq;
      known.mailboxList ||= account.mailboxList;
      for (const id of account.changedMailboxes) known.mailboxes.add(id);
      accounts.set(accountId, known);
    }
  }
  return [...accounts].map(([accountId, { modSeq, mailboxes, mailboxList }]) => ({
    ...{ accountId, modSeq, mailboxes: [...mailboxes], mailboxList },
  }));
}

function earliest(edits: readonly Edit[]): number | undefined {
  const due = edits.flatMap(({ queueDueAt }) => queueDueAt ?? []);
  return due.length > 0 ? Math.min(...due) : undefined;
}
