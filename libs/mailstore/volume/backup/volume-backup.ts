import {
  type AccountId,
  type AccountInfo,
  type AccountSpec,
  type BackupInfo,
  type BackupRef,
  type MailboxRef,
  MailStoreError,
  type MailStoreLimits,
  type RestoreWish,
  type StoreBackup,
  type StoredMessage,
} from '#mailstore/api';
import type { RequestContext } from '#stdx';
import type { CommitLoop } from '../commit-loop.ts';
import type { Reads } from '../reads.ts';
import type { Staging } from '../staging.ts';
import { arrivingAccount } from '../transfer/arriving.ts';
import type { VolumeTransfer } from '../transfer/volume-transfer.ts';
import type { Repair } from '../upkeep/repair.ts';
import type { Writes } from '../writes.ts';
import { type BackupParts, createBackup } from './create-backup.ts';
import { infoOf, listManifests } from './manifest.ts';
import { OpenedBackup } from './opened-backup.ts';
import { renewNumbers } from './renewal.ts';

const ALL = [{ first: 1, last: Infinity }];
/** Messages one append brings back: few, as each may be large. */
const RESTORE_SLICE = 50;

export interface VolumeBackupParts extends BackupParts {
  readonly loop: CommitLoop;
  readonly reads: Reads;
  readonly writes: Writes;
  readonly staging: Staging;
  readonly transfer: VolumeTransfer;
  readonly limits: MailStoreLimits;
  readonly repair: Repair;
}

/** Backups of an open volume, and what is brought back into it. */
export class VolumeBackup implements StoreBackup {
  private running: Promise<BackupInfo> | undefined;

  constructor(private readonly parts: VolumeBackupParts) {}

  /** One at a time: who asks while one is made gets that one. */
  createBackup(directory: string): Promise<BackupInfo> {
    this.running ??= createBackup(this.parts, directory).finally(() => (this.running = undefined));
    return this.running;
  }

  /** Resolves when none is being made. */
  async idle(): Promise<void> {
    await this.running?.catch(() => {});
  }

  async listBackups(directory: string): Promise<readonly BackupInfo[]> {
    return (await listManifests(directory, this.parts.volumeId)).map(infoOf);
  }

  async repair(directory: string): Promise<{ readonly repaired: number; readonly left: number }> {
    const backups = (await this.listBackups(directory)).toReversed();
    return this.parts.repair.run(backups, ({ name }) => this.open({ directory, name }));
  }

  async restoreAccount(
    context: RequestContext,
    from: BackupRef,
    idOrEmail: string,
    as: Partial<AccountSpec> = {},
  ): Promise<AccountInfo> {
    const { transfer, loop, clock } = this.parts;
    await using backup = await this.open(from);
    const accountId = backup.accountId(idOrEmail);
    const id = as.accountId ?? accountId;
    await transfer.abandonAccount(context, id);
    const stream = backup.exports.run(context, accountId, { modSeq: 0, nextMessage: 1 });
    await transfer.importAccount(context, stream, as);
    await loop.submit({
      ...{ contents: [], grows: false },
      run: (edit) => {
        const account = arrivingAccount(edit, context, id);
        renewNumbers(edit.scope.index, Math.floor(clock.now() / 1_000), account.row.number);
        account.reshaped = true;
      },
    });
    return transfer.admitAccount(context, id);
  }

  async restoreMessages(
    context: RequestContext,
    from: BackupRef,
    { accountId: idOrEmail, mailbox, messageId }: RestoreWish,
    to?: { readonly accountId: AccountId; readonly mailbox: string },
  ): Promise<{ readonly restored: number; readonly present: number }> {
    await using backup = await this.open(from);
    const accountId = backup.accountId(idOrEmail);
    const { id } = await backup.reads.mailbox(context, accountId, mailbox);
    const target = await this.target(context, to?.accountId ?? accountId, to?.mailbox ?? mailbox);
    const held = await this.blobsOf(context, target);
    let restored = 0;
    let present = 0;
    for await (const batch of backup.reads.messages(context, { accountId, mailboxId: id }, ALL, {})) {
      const wanted = batch.filter((message) => messageId === undefined || message.messageId === messageId);
      const missing = wanted.filter(({ blobId }) => !held.has(blobId));
      present += wanted.length - missing.length;
      for (let at = 0; at < missing.length; at += RESTORE_SLICE) {
        const slice = missing.slice(at, at + RESTORE_SLICE);
        await this.append(context, target, slice, backup);
        restored += slice.length;
      }
    }
    if (messageId !== undefined && restored + present === 0)
      throw new MailStoreError('messageNotFound', 'not in the backup');
    return { restored, present };
  }

  private async append(
    context: RequestContext,
    target: MailboxRef,
    messages: readonly StoredMessage[],
    backup: OpenedBackup,
  ): Promise<void> {
    const { staging, writes } = this.parts;
    const items = [];
    try {
      for (const { blobId, keywords, internalDate } of messages) {
        const message = await staging.stage(backup.blobs.read(Buffer.from(blobId, 'hex')));
        items.push({ message, keywords, internalDate });
      }
      await writes.append(context, target, items);
    } finally {
      for (const { message } of items) message.discard();
    }
  }

  private async target(context: RequestContext, accountId: AccountId, name: string): Promise<MailboxRef> {
    const { reads, writes } = this.parts;
    try {
      return { accountId, mailboxId: (await reads.mailbox(context, accountId, name)).id };
    } catch (error) {
      if (!(error instanceof MailStoreError) || error.code !== 'mailboxNotFound') throw error;
      const made = await writes.createMailbox(context, accountId, name, { subscribed: true });
      return { accountId, mailboxId: made.id };
    }
  }

  private async blobsOf(context: RequestContext, ref: MailboxRef): Promise<ReadonlySet<string>> {
    const blobs = new Set<string>();
    for await (const batch of this.parts.reads.messages(context, ref, ALL, {}))
      for (const { blobId } of batch) blobs.add(blobId);
    return blobs;
  }

  private open(from: BackupRef): Promise<OpenedBackup> {
    return OpenedBackup.open(from, this.parts.volumeId, this.parts.limits);
  }
}
