import {
  type AccountId,
  ANYONE,
  actsAbroad,
  asOwner,
  assertRights,
  changedRights,
  type Grant,
  type GrantChange,
  type MailboxRef,
  type MailboxSharing,
  MailStoreError,
  orderedRights,
  RIGHTS,
  type SharedMailbox,
  sameDomain,
} from '#mailstore/api';
import type { RequestContext } from '#stdx';
import type { CommitLoop } from './commit-loop.ts';
import type { Edit } from './edit.ts';
import type { IndexDb } from './index-db.ts';
import type { Reads } from './reads.ts';
import type { AccountRow } from './rows.ts';

interface SharingParts {
  readonly index: IndexDb;
  readonly loop: CommitLoop;
  readonly reads: Reads;
}

type Party = Pick<AccountRow, 'number' | 'email' | 'partnerId'>;

export class VolumeSharing implements MailboxSharing {
  constructor(private readonly parts: SharingParts) {}

  async grants(context: RequestContext, ref: MailboxRef): Promise<readonly Grant[]> {
    const owner = await this.permit(context, ref, 'a');
    const { reads, index } = this.parts;
    const sql = `SELECT coalesce(a.email, s.grantee) AS grantee, s.rights FROM share s LEFT JOIN account a ON a.id = s.grantee
      WHERE s.account = ? AND s.mailbox = ? AND (a.id IS NOT NULL OR s.grantee = 'anyone') ORDER BY 1`;
    return reads.shown(ref.accountId, () => {
      const row = reads.mailboxRow(owner, ref);
      return index.all<Grant>(sql, row.account, row.id);
    });
  }

  async change(context: RequestContext, ref: MailboxRef, grantee: string, change: GrantChange): Promise<void> {
    const owner = await this.permit(context, ref, 'a');
    const run = (edit: Edit): void => {
      const account = edit.account(owner, ref.accountId);
      const mailbox = edit.mailboxById(account, ref.mailboxId);
      const { index } = edit.scope;
      const id = grantee.toLowerCase() === ANYONE ? ANYONE : granteeId(index, account.row, grantee);
      const key = [account.row.number, mailbox.id, id] as const;
      const where = 'account = ? AND mailbox = ? AND grantee = ?';
      const before = index.get<{ rights: string }>(`SELECT rights FROM share WHERE ${where}`, ...key)?.rights ?? '';
      const after = changedRights(before, change);
      if (after === before) return;
      if (after === '') index.run(`DELETE FROM share WHERE ${where}`, ...key);
      else
        index.run(
          'INSERT OR REPLACE INTO share (account, mailbox, grantee, rights) VALUES (?, ?, ?, ?)',
          ...key,
          after,
        );
      edit.touch(account);
      account.mailboxList = true;
    };
    await this.parts.loop.submit({ run, contents: [], grows: false });
  }

  async rights(context: RequestContext, ref: MailboxRef): Promise<string> {
    if (!actsAbroad(context, ref.accountId)) return RIGHTS;
    return this.parts.reads.shown(ref.accountId, () => this.held(context, ref));
  }

  async shared(context: RequestContext): Promise<readonly SharedMailbox[]> {
    const { accountId } = context;
    if (accountId === undefined) return [];
    const { reads, index } = this.parts;
    // What others share with everybody of their domain is passed over here: there may be much of it on a volume.
    const sql = `SELECT DISTINCT a.id AS accountId, a.email, s.mailbox AS mailboxId FROM share s JOIN account a ON a.number = s.account
      WHERE s.grantee IN (?1, 'anyone') AND a.id <> ?1 AND a.partner_id = ?2
        AND (s.grantee = ?1 OR substr(a.email, instr(a.email, '@')) = ?3) ORDER BY a.email, s.mailbox`;
    type Row = MailboxRef & { readonly email: string };
    const found = await reads.shown(accountId, () => {
      const actor = this.party(accountId);
      if (!actor) return [];
      return index
        .all<Row>(sql, accountId, actor.partnerId, actor.email.slice(actor.email.lastIndexOf('@')))
        .filter((ref) => this.held(context, ref).includes('l'));
    });
    const mailboxes = found.map(async ({ email, ...ref }) => ({
      ...{ accountId: ref.accountId, email },
      mailbox: await reads.mailbox(asOwner(context, ref.accountId), ref.accountId, ref.mailboxId),
    }));
    return Promise.all(mailboxes);
  }

  /** The context in which what needs these rights may be done. Rejects `mailboxNotFound`, `notPermitted`. */
  async permit(context: RequestContext, ref: MailboxRef, needed: string): Promise<RequestContext> {
    if (!actsAbroad(context, ref.accountId)) return context;
    assertRights(await this.rights(context, ref), needed);
    return asOwner(context, ref.accountId);
  }

  /** The same of a mailbox by name, of which some right to know is needed. */
  async permitNamed(
    context: RequestContext,
    accountId: AccountId,
    nameOrId: string | number,
    needed = '',
  ): Promise<RequestContext> {
    if (!actsAbroad(context, accountId)) return context;
    const owner = asOwner(context, accountId);
    const { id } = await this.parts.reads.mailbox(owner, accountId, nameOrId).catch(asUnknown);
    return this.permit(context, { accountId, mailboxId: id }, needed);
  }

  /** To make a mailbox of that name: `k` on its parent; at the top only the owner. */
  async permitBeneath(context: RequestContext, accountId: AccountId, name: string): Promise<RequestContext> {
    if (!actsAbroad(context, accountId)) return context;
    const slash = name.lastIndexOf('/');
    if (slash < 0) throw new MailStoreError('notPermitted', 'only the owner makes mailboxes at the top');
    return this.permitNamed(context, accountId, name.slice(0, slash), 'k');
  }

  private party(accountId: AccountId): Party | undefined {
    const sql = 'SELECT number, email, partner_id AS partnerId FROM account WHERE id = ?';
    return this.parts.index.get<Party>(sql, accountId);
  }

  private held(context: RequestContext, { accountId, mailboxId }: MailboxRef): string {
    const { index } = this.parts;
    const owner = this.party(accountId);
    const actor = this.party(context.accountId ?? '');
    if (!owner || !actor || owner.partnerId !== actor.partnerId) return '';
    const sql = 'SELECT grantee, rights FROM share WHERE account = ? AND mailbox = ? AND grantee IN (?, ?)';
    const rows = index.all<Grant>(sql, owner.number, mailboxId, context.accountId ?? '', ANYONE);
    const counted = rows.filter(({ grantee }) => grantee !== ANYONE || sameDomain(owner.email, actor.email));
    return orderedRights(counted.map(({ rights }) => rights).join(''));
  }
}

/** What one may not see is as if it were not, the account too. */
function asUnknown(error: unknown): never {
  if (error instanceof MailStoreError && error.code === 'accountNotFound') throw new MailStoreError('mailboxNotFound');
  throw error;
}

function granteeId(index: IndexDb, owner: AccountRow, email: string): string {
  const sql = 'SELECT id FROM account WHERE email = ? AND partner_id = ? AND id <> ?';
  const found = index.get<{ id: string }>(sql, email.toLowerCase(), owner.partnerId, owner.id);
  if (!found) throw new MailStoreError('granteeNotFound');
  return found.id;
}
