import {
  type AccountAnnotations,
  type AccountId,
  type AnnotatedEntry,
  type Annotation,
  type AnnotationChange,
  canonicalAnnotations,
  entryOwner,
  type MailboxId,
  MailStoreError,
  type MailStoreLimits,
  rightsToAnnotate,
} from '#mailstore/api';
import { asBuffer, type RequestContext } from '#stdx';
import type { CommitLoop } from './commit-loop.ts';
import type { AccountEdit, Edit } from './edit.ts';
import type { IndexDb } from './index-db.ts';
import type { Reads } from './reads.ts';
import type { VolumeSharing } from './sharing.ts';

interface AnnotationParts {
  readonly index: IndexDb;
  readonly loop: CommitLoop;
  readonly reads: Reads;
  readonly sharing: VolumeSharing;
  readonly limits: MailStoreLimits;
}

/** What stands in the place of a mailbox for the account's own. */
const OF_ACCOUNT = 0;

export class VolumeAnnotations implements AccountAnnotations {
  constructor(private readonly parts: AnnotationParts) {}

  async list(
    context: RequestContext,
    accountId: AccountId,
    mailboxId: MailboxId | null,
  ): Promise<readonly Annotation[]> {
    const { reads, index } = this.parts;
    const allowed = await this.permit(context, accountId, mailboxId, 'r');
    const sql = `SELECT entry, value FROM annotation WHERE account = ? AND mailbox = ? AND owner IN ('', ?) ORDER BY entry`;
    return reads.shown(accountId, () => {
      const { number } = reads.accountRow(allowed, accountId);
      if (mailboxId !== null) reads.mailboxRow(allowed, { accountId, mailboxId });
      const owner = context.accountId ?? accountId;
      return index
        .all<{ entry: string; value: Uint8Array }>(sql, number, mailboxId ?? OF_ACCOUNT, owner)
        .map(({ entry, value }) => ({ entry, value: asBuffer(value) }));
    });
  }

  async set(
    context: RequestContext,
    accountId: AccountId,
    mailboxId: MailboxId | null,
    changes: readonly AnnotationChange[],
  ): Promise<void> {
    const canonical = canonicalAnnotations(changes, this.parts.limits);
    const allowed = await this.permit(context, accountId, mailboxId, rightsToAnnotate(canonical));
    const run = (edit: Edit): void => {
      const account = edit.account(allowed, accountId);
      const mailbox = mailboxId === null ? OF_ACCOUNT : edit.mailboxById(account, mailboxId).id;
      const changed: AnnotatedEntry[] = [];
      for (const change of canonical) {
        const owner = entryOwner(change.entry, context, accountId);
        if (setOne(edit, account, mailbox, owner, change))
          changed.push({ mailboxId: mailbox, entry: change.entry, owner });
      }
      if (changed.length === 0) return;
      assertRoom(edit, account);
      edit.touch(account);
      account.annotated.push(...changed);
    };
    await this.parts.loop.submit({ run, contents: [], grows: canonical.some(({ value }) => value !== null) });
  }

  private async permit(
    context: RequestContext,
    accountId: AccountId,
    mailboxId: MailboxId | null,
    needed: string,
  ): Promise<RequestContext> {
    return mailboxId === null ? context : this.parts.sharing.permit(context, { accountId, mailboxId }, needed);
  }
}

/** Whether it was not so already. */
function setOne(
  edit: Edit,
  { row }: AccountEdit,
  mailbox: number,
  owner: string,
  { entry, value }: AnnotationChange,
): boolean {
  const { index } = edit.scope;
  const key = [row.number, mailbox, owner, entry] as const;
  const where = 'account = ? AND mailbox = ? AND owner = ? AND entry = ?';
  if (value === null) return index.run(`DELETE FROM annotation WHERE ${where}`, ...key) > 0;
  const known = index.get<{ value: Uint8Array }>(`SELECT value FROM annotation WHERE ${where}`, ...key);
  if (known && asBuffer(known.value).equals(value)) return false;
  const sql = 'INSERT OR REPLACE INTO annotation (account, mailbox, owner, entry, value) VALUES (?, ?, ?, ?, ?)';
  index.run(sql, ...key, value);
  return true;
}

function assertRoom(edit: Edit, { row }: AccountEdit): void {
  const sql = 'SELECT count(*) AS n FROM annotation WHERE account = ?';
  if ((edit.scope.index.get<{ n: number }>(sql, row.number)?.n ?? 0) > edit.scope.limits.annotationsMax)
    throw new MailStoreError('limitExceeded', 'annotations');
}
