import { MailStoreError, type StoreTiering, type TierStatus } from '#mailstore/api';

/** What is in memory has one tier. */
export class MemoryTiering implements StoreTiering {
  status(): TierStatus {
    return {
      ...{ storage: null, rules: [], running: false, trouble: null },
      ...{ hotBytes: 0, coldBytes: 0, coldSegments: 0, dueSegments: 0, dueBytes: 0 },
      ...{ movedMessages: 0, movedBytes: 0, movedStoredBytes: 0 },
    };
  }

  use(): void {}

  run(): Promise<void> {
    return Promise.reject(new MailStoreError('unavailable', 'a store in memory has no cold storage'));
  }
}
