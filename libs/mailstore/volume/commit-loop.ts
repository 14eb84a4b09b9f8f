import { MailStoreError } from '#mailstore/api';
import { type Clock, deferred, type Logger } from '#stdx';
import type { Barrier } from './barrier.ts';
import { findBlob } from './blobs.ts';
import { failureKind } from './errors.ts';
import type { Operation, Task, TaskResult } from './operation.ts';
import type { NewRecord, SegmentWriter } from './segments.ts';
import type { VolumeSettings } from './settings.ts';
import type { StagedContent, Staging } from './staging.ts';
import type { Transactor } from './transactor.ts';
import type { Wal } from './wal.ts';

export interface CommitFigures {
  commits: number;
  lastCommitMs: number;
  lastSyncMs: number;
}

export interface CommitParts {
  readonly segments: SegmentWriter;
  readonly staging: Staging;
  readonly transactor: Transactor;
  readonly wal: Wal;
  readonly barrier: Barrier;
  /** Tells the world of the last transaction. */
  readonly publish: () => void;
}

/**
 * The one writer. It takes all that is waiting and, in this order:
 * 1. writes the batch's bytes to the open segment and syncs it;
 * 2. runs one SQLite transaction, each operation in its own savepoint;
 * 3. syncs the WAL;
 * 4. answers the callers and publishes the changes.
 * Nothing is acknowledged or shown before 3. A failed sync ends the volume: `fail` is called once, with the reason.
 */
export class CommitLoop {
  readonly figures: CommitFigures = { commits: 0, lastCommitMs: 0, lastSyncMs: 0 };
  private readonly pending: Task[] = [];
  private running: Promise<void> | undefined;
  private underWay = 0;
  private ended: Error | undefined;

  constructor(
    private readonly parts: CommitParts,
    private readonly settings: VolumeSettings,
    private readonly clock: Clock,
    private readonly logger: Logger,
    private readonly onFailure: (error: Error) => void,
  ) {}

  /** Operations waiting or under way. */
  get pendingOperations(): number {
    return this.pending.length + this.underWay;
  }

  /** Resolves with what `run` returned once that is durable. */
  submit<T>(operation: Operation<T>): Promise<T> {
    if (this.ended) return Promise.reject(unavailable(this.ended));
    if (this.pending.length >= this.settings.pendingOperationsMax)
      return Promise.reject(new MailStoreError('unavailable', 'too many operations are waiting'));
    const caller = deferred<unknown>();
    for (const content of operation.contents) content.users += 1;
    this.pending.push({ operation, caller, alone: false });
    this.running ??= this.run();
    return caller.promise as Promise<T>;
  }

  /** Takes no more operations; resolves when those taken are done. */
  async drain(reason: Error): Promise<void> {
    this.ended ??= reason;
    await this.running;
  }

  /** Ends the volume: every caller waiting, and every later one, is refused `unavailable`. */
  fail(error: Error): void {
    this.ended = error;
    this.parts.barrier.fail(unavailable(error));
    for (const task of this.pending.splice(0)) this.reject(task, unavailable(error));
    this.onFailure(error);
  }

  private async run(): Promise<void> {
    // What arrives in this turn of the event loop shares the first commit.
    await new Promise((resolve) => setImmediate(resolve));
    while (this.pending.length > 0) {
      const tasks = this.take();
      this.underWay = tasks.length;
      try {
        await this.commit(tasks);
      } catch (cause) {
        const error = cause instanceof Error ? cause : new Error(String(cause));
        this.logger.error({ error }, 'the volume cannot go on');
        for (const task of tasks) this.reject(task, unavailable(error));
        this.fail(error);
      }
      this.underWay = 0;
    }
    this.running = undefined;
  }

  private take(): readonly Task[] {
    const { commitOperationsMax, commitBytesMax } = this.settings;
    let bytes = 0;
    let count = 0;
    for (const { operation, alone } of this.pending) {
      if (count > 0 && (alone || this.pending[0]?.alone)) break;
      for (const { size, large } of operation.contents) bytes += large ? 0 : size;
      if (count > 0 && (bytes > commitBytesMax || count >= commitOperationsMax)) break;
      count += 1;
    }
    return this.pending.splice(0, count);
  }

  private async commit(batch: readonly Task[]): Promise<void> {
    const begun = this.clock.monotonic();
    const tasks = await this.writeBytes(batch);
    if (tasks.length === 0) return;
    const outcome = this.transact(tasks);
    if (!outcome) return;
    const { results, rest, accounts, changed } = outcome;
    this.pending.unshift(...rest);
    if (changed) await this.makeDurable(accounts);
    const { figures } = this;
    figures.commits += changed ? 1 : 0;
    figures.lastCommitMs = this.clock.monotonic() - begun;
    for (const result of results) this.answer(result);
    this.parts.publish();
    if (changed) this.parts.wal.afterCommit();
  }

  /** Step 1. Returns the tasks whose bytes are on storage; where there was no room, the others. */
  private async writeBytes(tasks: readonly Task[]): Promise<readonly Task[]> {
    const contents = tasks.flatMap(({ operation }) => operation.contents);
    if (contents.length === 0) return tasks;
    try {
      await Promise.all([this.appendSmall(contents), ...contents.map(({ large }) => large?.sync())]);
      return tasks;
    } catch (error) {
      if (failureKind(error) !== 'diskFull') throw error;
      const [refused, kept] = partition(tasks, ({ operation }) => operation.contents.length > 0);
      for (const task of refused) this.reject(task, new MailStoreError('diskFull', 'no room', { cause: error }));
      return kept;
    }
  }

  private async appendSmall(contents: readonly StagedContent[]): Promise<void> {
    const { segments, transactor } = this.parts;
    const written = new Map<string, StagedContent>();
    const again: StagedContent[] = [];
    for (const content of contents) {
      if (content.large) continue;
      // Bytes a put-back operation wrote are good while their segment is the open one, which is never removed.
      if (content.place && content.place.segment === segments.activeId) continue;
      if (written.has(content.message.blobId)) again.push(content);
      else if (!findBlob(transactor.index, content.hash)) written.set(content.message.blobId, content);
    }
    if (written.size === 0) return;
    const fresh = [...written.values()];
    const places = await segments.append(fresh.map(({ hash, size, bytes }): NewRecord => ({ hash, size, bytes })));
    fresh.forEach((content, i) => {
      content.place = places[i];
    });
    for (const content of again) content.place = written.get(content.message.blobId)?.place;
  }

  /** Step 2. Undefined when the disk was full: the tasks are tried again one by one, or were refused. */
  private transact(tasks: readonly Task[]): ReturnType<Transactor['transact']> | undefined {
    try {
      return this.parts.transactor.transact(tasks);
    } catch (error) {
      if (failureKind(error) !== 'diskFull') throw error;
      // A log written back can be used from its start, which may be room enough.
      this.parts.wal.writeBack();
      const [refused, again] = partition(tasks, ({ alone }) => alone);
      for (const task of refused) this.reject(task, new MailStoreError('diskFull', 'no room', { cause: error }));
      for (const task of again) task.alone = true;
      this.pending.unshift(...again);
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

function partition<T>(items: readonly T[], test: (item: T) => boolean): readonly [readonly T[], readonly T[]] {
  return [items.filter(test), items.filter((item) => !test(item))];
}
