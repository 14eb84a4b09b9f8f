import {
  type AccountCursor,
  type AccountId,
  type AccountInfo,
  type AccountSpec,
  type AccountStanding,
  type AccountTransfer,
  MailStoreError,
  START,
} from '#mailstore/api';
import type { ByteStream, RequestContext } from '#stdx';
import type { AccountEdit, Edit } from '../edit.ts';
import type { IndexDb } from '../index-db.ts';
import { forgetUnplaced } from '../purge.ts';
import type { Reads } from '../reads.ts';
import { ACCOUNT_COLUMNS, type AccountRow, accountInfo } from '../rows.ts';
import type { Writes } from '../writes.ts';
import type { AccountExport } from './account-export.ts';
import { AccountImport, type ImportParts } from './account-import.ts';
import { arrivingAccount } from './arriving.ts';

/** What else it leans on. */
export interface TransferParts extends ImportParts {
  readonly index: IndexDb;
  readonly reads: Reads;
  readonly writes: Writes;
  readonly exports: AccountExport;
  /** There are rows to remove. */
  readonly wakePurge: () => void;
}

/** Accounts on their way from and to this volume. */
export class VolumeTransfer implements AccountTransfer {
  /** Accounts a stream is being taken in for. */
  private readonly arriving = new Set<AccountId>();

  constructor(private readonly parts: TransferParts) {}

  exportAccount(context: RequestContext, accountId: AccountId, since: AccountCursor = START): ByteStream {
    return this.parts.exports.run(context, accountId, since);
  }

  async accountStanding({ partnerId }: RequestContext, accountId: AccountId): Promise<AccountStanding | undefined> {
    const { reads, index } = this.parts;
    const sql = `SELECT ${ACCOUNT_COLUMNS} FROM account WHERE id = ?`;
    const row = await reads.shown(accountId, () => index.get<AccountRow>(sql, accountId));
    return partnerId === undefined || partnerId === row?.partnerId ? row?.standing : undefined;
  }

  async arrivingAccount({ partnerId }: RequestContext, accountId: AccountId): Promise<AccountCursor | undefined> {
    const { reads, index } = this.parts;
    const sql = `SELECT ${ACCOUNT_COLUMNS} FROM account WHERE id = ? AND standing = 'arriving'`;
    const row = await reads.shown(accountId, () => index.get<AccountRow>(sql, accountId));
    if (!row || (partnerId !== undefined && partnerId !== row.partnerId)) return undefined;
    return { modSeq: row.modSeq, nextMessage: row.nextMessage };
  }

  importAccount(context: RequestContext, stream: ByteStream, as: Partial<AccountSpec> = {}): Promise<AccountCursor> {
    return AccountImport.run(this.parts, context, stream, as, this.arriving).finally(this.parts.wakePurge);
  }

  async admitAccount(context: RequestContext, accountId: AccountId): Promise<AccountInfo> {
    const { loop, settings } = this.parts;
    const admit = (edit: Edit): AccountInfo | undefined => {
      const account = arrivingAccount(edit, context, accountId);
      if (forgetUnplaced(edit, account.row.number, settings.bulkMessagesMax) > 0) return undefined;
      return accountInfo(setStanding(edit, account, 'open').row);
    };
    for (;;) {
      const info = await loop.submit({ contents: [], grows: false, run: admit });
      if (info) return info;
    }
  }

  async holdAccount(context: RequestContext, accountId: AccountId): Promise<AccountInfo> {
    return this.change(context, accountId, 'held');
  }

  async releaseAccount(context: RequestContext, accountId: AccountId): Promise<void> {
    await this.change(context, accountId, 'open');
  }

  async abandonAccount(context: RequestContext, accountId: AccountId): Promise<void> {
    if (!(await this.arrivingAccount(context, accountId))) return;
    await this.parts.writes.removeAccount(context, accountId);
    this.parts.wakePurge();
  }

  private change(context: RequestContext, accountId: AccountId, standing: 'open' | 'held'): Promise<AccountInfo> {
    return this.parts.loop.submit({
      ...{ contents: [], grows: false },
      run: (edit) => {
        const account = edit.anyAccount(context, accountId);
        if (!account || account.row.standing === 'arriving') throw new MailStoreError('accountNotFound');
        return accountInfo(setStanding(edit, account, standing).row);
      },
    });
  }
}

function setStanding(edit: Edit, account: AccountEdit, standing: AccountRow['standing']): AccountEdit {
  account.row.standing = standing;
  edit.scope.index.run('UPDATE account SET standing = ? WHERE number = ?', standing, account.row.number);
  return account;
}
