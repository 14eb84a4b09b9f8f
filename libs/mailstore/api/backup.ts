import type { RequestContext } from '#stdx';
import type { AccountId, AccountInfo, AccountSpec, MessageId } from './model.ts';

/** A backup that is complete. */
export interface BackupInfo {
  /** Its directory's name: when it was begun, `2026-05-01T08-00-00.000Z`. */
  readonly name: string;
  readonly volumeId: string;
  readonly clusterId: string;
  readonly epoch: number;
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly accounts: number;
  readonly messages: number;
  /** Bytes it needs of all segments, and bytes this one had to copy. */
  readonly bytes: number;
  readonly copiedBytes: number;
  /** Segments that could not be read in full; their messages are not in the backup. */
  readonly damaged: readonly string[];
}

export interface BackupRef {
  /** The directory backups are made to. */
  readonly directory: string;
  readonly name: string;
}

/** What to bring back: an account's mailbox by its name then, or one message of it by its id. */
export interface RestoreWish {
  /** Id or address in the backup. */
  readonly accountId: AccountId;
  readonly mailbox: string;
  readonly messageId?: MessageId;
}

/** Backups of the volume to a directory: while it works, and incremental by what is there already. */
export interface StoreBackup {
  createBackup(directory: string): Promise<BackupInfo>;
  /** Puts whole copies in the place of what the scrub found damaged. `left`: those no backup has. */
  repair(directory: string): Promise<{ readonly repaired: number; readonly left: number }>;
  /** Those of this volume, oldest first. */
  listBackups(directory: string): Promise<readonly BackupInfo[]>;
  /**
   * Brings back an account that is not here, or under another id. Its mailboxes take new uidValidities, since uids given out after
   * the backup would be given out again. `accountId`: id or address in the backup. Rejects `modified` when the account is here, `accountNotFound` when it is not in the backup.
   */
  restoreAccount(
    context: RequestContext,
    from: BackupRef,
    accountId: AccountId,
    as?: Partial<AccountSpec>,
  ): Promise<AccountInfo>;
  /**
   * Appends messages of a backup to a mailbox of the account, which is made when missing; those it holds already are left out. `to`
   * is the same account and mailbox by default.
   */
  restoreMessages(
    context: RequestContext,
    from: BackupRef,
    wish: RestoreWish,
    to?: { readonly accountId: AccountId; readonly mailbox: string },
  ): Promise<{ readonly restored: number; readonly present: number }>;
}
