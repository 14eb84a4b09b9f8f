import { type AccountInfo, type BackupInfo, MailStoreError, type StoreBackup } from '#mailstore/api';

const refusal = (): Promise<never> =>
  Promise.reject(new MailStoreError('unavailable', 'a store in memory has no backups'));

/** What is kept nowhere cannot be copied elsewhere. */
export class MemoryBackup implements StoreBackup {
  createBackup(): Promise<BackupInfo> {
    return refusal();
  }

  async repair(): Promise<{ readonly repaired: number; readonly left: number }> {
    return { repaired: 0, left: 0 };
  }

  async listBackups(): Promise<readonly BackupInfo[]> {
    return [];
  }

  restoreAccount(): Promise<AccountInfo> {
    return refusal();
  }

  restoreMessages(): Promise<{ readonly restored: number; readonly present: number }> {
    return refusal();
  }
}
