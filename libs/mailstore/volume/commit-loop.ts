import { MailStoreError } from '#mailstore/api';
import { type Clock, deferred, type Logger, type Timer } from '#stdx';
import type { Barrier } from './barrier.ts';
import { BytesStage, type WrittenBatch } from './bytes-stage.ts';
import { failureKind } from './errors.ts';
import type { Operation, Task, TaskResult } from './operation.ts';
import type { Room } from './room.ts';
import type { SegmentWriter } from './segments.ts';
import type { VolumeSettings } from './settings.ts';
import type { Staging } from './staging.ts';
import type { Outcome, Transactor } from './transactor.ts';
import type { Wal } from './wal.ts';

export interface CommitFigures {
  commits: number;
  lastCommitMs: number;
  lastSyncMs: number;
}

export interface CommitParts {
  readonly segments: SegmentWriter;
  readonly room: Room;
  readonly staging: Staging;
  readonly transactor: Transactor;
  readonly wal: Wal;
  readonly barrier: Barrier;
  /** Tells the world of the last transaction. */
  readonly publish: () => void;
}

/**
 * The one writer. Each operation goes through these, in this order, with all that waits beside it:
 * 1. room is found for it, its bytes are written to the open segment and synced (`BytesStage`);
 * 2. one SQLite transaction, in which one refusal harms no neighbour;
 * 3. the WAL is synced;
 * 4. the callers are answered and the changes published; a log that has grown long is written back.
 * Nothing is acknowledged or shown before 3, and no transaction begins before the one before it has been answered. The
 * next batch's bytes are written meanwhile. Operations submitted without waiting for one another have no order.
 */
export class CommitLoop {
  readonly figures: CommitFigures = { commits: 0, lastCommitMs: 0, lastSyncMs: 0 };
  private readonly bytes: BytesStage;
  private readonly ready: Task[] = [];
  private underWay: readonly Task[] = [];
  private running: Promise<void> | undefined;
  private rest: Timer | undefined;
  private ended: Error | undefined;

  constructor(
    private readonly parts: CommitParts,
    private readonly settings: VolumeSettings,
    private readonly clock: Clock,
    private readonly logger: Logger,
    private readonly onFailure: (error: Error) => void,
  ) {
    this.bytes = new BytesStage(
      ...[parts.segments, parts.room, parts.transactor.index, settings],
      (batch) => this.bytesWritten(batch),
      (cause) => this.fail(cause),
    );
  }

  /** Operations waiting or under way. */
  get pendingOperations(): number {
    return this.bytes.tasks + this.ready.length + this.underWay.length;
  }

  /** Resolves with what `run` returned once that is durable. */
  submit<T>(operation: Operation<T>): Promise<T> {
    if (this.ended) return Promise.reject(unavailable(this.ended));
    if (this.pendingOperations >= this.settings.pendingOperationsMax)
      return Promise.reject(new MailStoreError('unavailable', 'too many operations are waiting'));
    const caller = deferred<unknown>();
    for (const content of operation.contents) content.users += 1;
    this.accept({ operation, caller, alone: false });
    return caller.promise as Promise<T>;
  }

  /** Takes no more operations; resolves when those taken are done. */
  async drain(reason: Error): Promise<void> {
    this.ended ??= reason;
    this.rest?.cancel();
    while (this.pendingOperations > 0 || this.running) await Promise.all([this.bytes.idle(), this.running]);
  }

  private accept(task: Task): void {
    if (task.operation.grows) this.bytes.add(task);
    else this.enqueue([task]);
  }

  private enqueue(tasks: readonly Task[]): void {
    this.ready.push(...tasks);
    this.running ??= this.run();
  }

  private bytesWritten({ written, refused, reason }: WrittenBatch): void {
    for (const task of refused) this.reject(task, new MailStoreError('diskFull', 'no room', { cause: reason }));
    if (this.failed) for (const task of written) this.reject(task, unavailable(this.failed));
    else if (written.length > 0) this.enqueue(written);
  }

  /** Set once the volume ended by itself. */
  private failed: Error | undefined;

  /** Ends the volume: every caller waiting, and every later one, is refused `unavailable`. */
  private fail(cause: unknown): void {
    const error = cause instanceof Error ? cause : new Error(String(cause));
    const first = this.failed === undefined;
    this.failed ??= error;
    this.ended ??= error;
    this.parts.barrier.fail(unavailable(error));
    for (const task of [...this.underWay, ...this.ready.splice(0), ...this.bytes.abandon()])
      this.reject(task, unavailable(error));
    this.underWay = [];
    if (!first) return;
    this.logger.error({ error }, 'the volume cannot go on');
    this.onFailure(error);
  }

  private async run(): Promise<void> {
    this.rest?.cancel();
    // What becomes ready in this turn of the event loop shares the first transaction.
    await new Promise((resolve) => setImmediate(resolve));
    while (this.ready.length > 0) {
      this.underWay = this.take();
      try {
        await this.commit(this.underWay);
      } catch (cause) {
        this.fail(cause);
      }
      this.underWay = [];
    }
    this.running = undefined;
    if (!this.ended) this.rest = this.clock.after(this.settings.walIdleMs, () => this.rested());
  }

  /** Nobody has come for a while: what the log keeps goes back to the index. Who comes now waits, as for a transaction. */
  private rested(): void {
    const { wal } = this.parts;
    if (this.running || this.ended || !wal.isWorthWritingBack()) return;
    this.running = wal.writeBack().then(
      () => this.run(),
      (cause: unknown) => {
        this.fail(cause);
        return this.run();
      },
    );
  }

  private take(): readonly Task[] {
    const alone = this.ready.findIndex((task) => task.alone);
    const together = alone < 0 ? this.ready.length : Math.max(alone, 1);
    return this.ready.splice(0, Math.min(together, this.settings.commitOperationsMax));
  }

  private async commit(tasks: readonly Task[]): Promise<void> {
    const begun = this.clock.monotonic();
    const outcome = this.transact(tasks);
    if (!outcome) {
      // A log written back can be used from its start, which may be room enough.
      await this.parts.wal.writeBack();
      return;
    }
    const { results, rest, again, accounts, changed } = outcome;
    this.underWay = results.map(({ task }) => task);
    this.ready.unshift(...rest);
    for (const task of again) this.accept(task);
    if (changed) await this.makeDurable(accounts);
    this.figures.lastCommitMs = this.clock.monotonic() - begun;
    for (const result of results) this.answer(result);
    this.underWay = [];
    this.parts.publish();
    if (changed && this.parts.wal.isLong(this.pendingOperations === 0)) await this.parts.wal.writeBack();
  }

  /** Step 2. Undefined when the disk was full: the tasks are tried again one by one, or were refused. */
  private transact(tasks: readonly Task[]): Outcome | undefined {
    try {
      return this.parts.transactor.transact(tasks);
    } catch (error) {
      if (failureKind(error) !== 'diskFull') throw error;
      this.underWay = [];
      const again = tasks.filter(({ alone }) => !alone);
      for (const task of tasks)
        if (task.alone) this.reject(task, new MailStoreError('diskFull', 'no room', { cause: error }));
      for (const task of again) task.alone = true;
      this.ready.unshift(...again);
      return undefined;
    }
  }

  /** Step 3. */
  private async makeDurable(accounts: ReadonlySet<string>): Promise<void> {
    const { barrier, wal } = this.parts;
    const begun = this.clock.monotonic();
    barrier.raise(accounts);
    await wal.sync();
    barrier.lift();
    this.figures.commits += 1;
    this.figures.lastSyncMs = this.clock.monotonic() - begun;
  }

  /** Step 4. */
  private answer({ task, value, error }: TaskResult): void {
    if (error !== undefined) {
      this.reject(task, error);
      return;
    }
    this.release(task, true);
    task.caller.resolve(value);
  }

  private reject(task: Task, error: unknown): void {
    this.release(task, false);
    task.caller.reject(error);
  }

  private release({ operation }: Task, stored: boolean): void {
    for (const content of operation.contents) this.parts.staging.done(content, stored);
  }
}

const unavailable = (cause: Error): MailStoreError =>
  new MailStoreError('unavailable', `volume closed: ${cause.message}`, { cause });
