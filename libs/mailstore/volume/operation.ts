import type { Deferred } from '#stdx';
import type { Edit } from './edit.ts';
import type { StagedContent } from './staging.ts';

/** One change to the volume: all of it or nothing. */
export interface Operation<T> {
  /** Messages it stores. */
  readonly contents: readonly StagedContent[];
  /** It makes the volume larger, so it is refused `diskFull` while only the reserve is left. */
  readonly grows: boolean;
  /**
   * Runs inside a transaction; throws `MailStoreError` to refuse. It may be run a second time when what it, or a
   * neighbour, did had to be undone.
   */
  run(edit: Edit): T;
}

/** An operation waiting or under way. */
export interface Task {
  readonly operation: Operation<unknown>;
  readonly caller: Deferred<unknown>;
  /** In a transaction of its own: it, or a neighbour, met a full disk. */
  alone: boolean;
}

/** What became of a task inside a transaction that committed. */
export interface TaskResult {
  readonly task: Task;
  readonly value?: unknown;
  readonly error?: unknown;
}
