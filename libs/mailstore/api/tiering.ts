import type { ColdStorage } from './cold-storage.ts';

/** Mail at least that old and that large goes to cold storage. Age is by internal date. */
export interface TierRule {
  readonly afterMs: number;
  readonly minBytes: number;
}

/** Where a store's old mail is, and how far the work is. */
export interface TierStatus {
  /** What the cold storage is, for people; `null` when the store has none. */
  readonly storage: string | null;
  readonly rules: readonly TierRule[];
  readonly running: boolean;
  /** Bytes of records, dead ones included, on either tier; cold ones as they are stored, compressed. */
  readonly hotBytes: number;
  readonly coldBytes: number;
  readonly coldSegments: number;
  /** Segments still to be looked at for mail that is due, and their bytes. */
  readonly dueSegments: number;
  readonly dueBytes: number;
  /** Moved since the store was opened; bytes as they were, and as they are now. */
  readonly movedMessages: number;
  readonly movedBytes: number;
  readonly movedStoredBytes: number;
  /** Why the work last broke off; `null` when it came to its end. */
  readonly trouble: string | null;
}

/** Old mail on slower, cheaper storage. It is read there as before, a little later. */
export interface StoreTiering {
  status(): TierStatus;
  /**
   * From now on; what is cold already stays where it is. Throws `modified` when that is on other storage than this, told apart
   * by `description`.
   */
  use(storage: ColdStorage, rules: readonly TierRule[]): void;
  /** Begins what is due now, and does not stop before it is done. Rejects `unavailable` without cold storage. */
  run(): Promise<void>;
}
