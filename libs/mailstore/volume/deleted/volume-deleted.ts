import {
  type AccountId,
  type DeletedFilter,
  type DeletedMail,
  type DeletedMessage,
  MailStoreError,
  type MessageId,
  type RestoredMessage,
} from '#mailstore/api';
import { unpackEnvelope } from '#protocol/message';
import type { RequestContext } from '#stdx';
import { blobIdOf } from '../blobs.ts';
import type { CommitLoop } from '../commit-loop.ts';
import type { AccountEdit, Edit } from '../edit.ts';
import type { IndexDb, SqlValue } from '../index-db.ts';
import { mailboxForDelivery } from '../mailboxes.ts';
import { place, roomFor } from '../messages.ts';
import type { Reads } from '../reads.ts';
import { keywordsOf, type MailboxRow, messageKey, storedKeywords } from '../rows.ts';
import type { VolumeSettings } from '../settings.ts';

interface DeletedRow {
  readonly messageId: number;
  readonly mailboxId: number;
  readonly mailbox: string;
  readonly keywords: string;
  readonly size: number;
  readonly internalDate: number;
  readonly deletedAt: number;
}

interface ListedRow extends DeletedRow {
  readonly blob: Uint8Array;
  readonly envelope: string;
  readonly preview: string;
}

const COLUMNS = `deleted.message AS messageId, mailbox AS mailboxId, name AS mailbox, keywords, size,
  internal_date AS internalDate, at AS deletedAt`;

export interface DeletedParts {
  readonly index: IndexDb;
  readonly reads: Reads;
  readonly loop: CommitLoop;
  readonly settings: VolumeSettings;
}

/** Deleted messages: their list, and the way back. */
export class VolumeDeleted implements DeletedMail {
  constructor(private readonly parts: DeletedParts) {}

  listDeleted(
    context: RequestContext,
    accountId: AccountId,
    { since = 0, after, limit }: DeletedFilter,
  ): Promise<readonly DeletedMessage[]> {
    const { reads, index } = this.parts;
    const sql = `SELECT ${COLUMNS}, blob, envelope, preview
      FROM deleted JOIN message ON message.key = account * 4294967296 + deleted.message
      WHERE account = ? AND at >= ? AND (at, deleted.message) < (?, ?)
      ORDER BY at DESC, deleted.message DESC LIMIT ?`;
    return reads.shown(accountId, () => {
      const { number } = reads.accountRow(context, accountId);
      const from = [after?.deletedAt ?? Number.MAX_SAFE_INTEGER, after?.messageId ?? 0];
      return index.all<ListedRow>(sql, number, since, ...from, limit).map(deletedView);
    });
  }

  async restoreDeleted(
    context: RequestContext,
    accountId: AccountId,
    which: { readonly messageIds: readonly MessageId[] } | { readonly since: number; readonly limit?: number },
  ): Promise<readonly RestoredMessage[]> {
    const restored: RestoredMessage[] = [];
    const slice = this.parts.settings.bulkMessagesMax;
    if ('messageIds' in which) {
      const ids = [...new Set(which.messageIds)];
      for (let at = 0; at === 0 || at < ids.length; at += slice) {
        const few = ids.slice(at, at + slice);
        const condition = `message IN (${few.map(() => '?').join(', ')})`;
        restored.push(...(await this.restore(context, accountId, condition, few, slice)));
      }
      return restored;
    }
    const { since, limit = Infinity } = which;
    for (;;) {
      const wanted = Math.min(slice, limit - restored.length);
      const some = await this.restore(context, accountId, 'at >= ?', [since], wanted);
      restored.push(...some);
      if (some.length < slice) return restored;
    }
  }

  private restore(
    context: RequestContext,
    accountId: AccountId,
    condition: string,
    parameters: readonly SqlValue[],
    limit: number,
  ): Promise<readonly RestoredMessage[]> {
    return this.parts.loop.submit({
      ...{ contents: [], grows: true },
      run: (edit) => {
        const account = edit.account(context, accountId);
        const sql = `SELECT ${COLUMNS} FROM deleted WHERE account = ? AND ${condition} ORDER BY at, message LIMIT ?`;
        const rows = edit.scope.index.all<DeletedRow>(sql, account.row.number, ...parameters, limit);
        return rows.map((row) => restoreOne(edit, account, row));
      },
    });
  }
}

function restoreOne(edit: Edit, account: AccountEdit, row: DeletedRow): RestoredMessage {
  const { index, now } = edit.scope;
  const { number } = account.row;
  const { messageId, size, internalDate } = row;
  const mailbox = homeOf(edit, account, row);
  const refusal = roomFor(edit, account, mailbox, 1, size);
  if (refusal) throw new MailStoreError(refusal);
  const message = index.get<{ envelope: string }>(
    'SELECT envelope FROM message WHERE key = ?',
    messageKey(number, messageId),
  );
  const keywords = storedKeywords(keywordsOf(row.keywords).filter((keyword) => keyword !== '$deleted'));
  const uid = place(edit, account, mailbox, {
    ...{ message: messageId, keywords, size, internalDate, savedDate: now },
    sentAt: message ? unpackEnvelope(message.envelope).sentAt : null,
  });
  index.run('DELETE FROM deleted WHERE account = ? AND message = ?', number, messageId);
  return { messageId, mailboxId: mailbox.id, uid };
}

/** The mailbox it was in, whatever it is called now; else one of its old name. */
function homeOf(edit: Edit, account: AccountEdit, { mailboxId, mailbox }: DeletedRow): MailboxRow {
  const sql = 'SELECT 1 AS found FROM mailbox WHERE account = ? AND id = ?';
  const isThere = edit.scope.index.get(sql, account.row.number, mailboxId) !== undefined;
  return isThere ? edit.mailboxById(account, mailboxId) : mailboxForDelivery(edit, account, mailbox);
}

function deletedView({ blob, envelope, keywords, ...row }: ListedRow): DeletedMessage {
  return { ...row, blobId: blobIdOf(blob), keywords: keywordsOf(keywords), envelope: unpackEnvelope(envelope) };
}
