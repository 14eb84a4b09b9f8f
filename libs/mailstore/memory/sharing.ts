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
import { type MemoryState, mailboxView } from './state.ts';

export class MemorySharing implements MailboxSharing {
  constructor(private readonly state: MemoryState) {}

  async grants(context: RequestContext, ref: MailboxRef): Promise<readonly Grant[]> {
    const { box } = this.state.box(this.permit(context, ref, 'a'), ref);
    return [...box.shares]
      .map(([id, rights]) => ({
        grantee: id === ANYONE ? id : (this.state.accounts.get(id)?.spec.email ?? ''),
        rights,
      }))
      .filter(({ grantee }) => grantee !== '')
      .sort((a, b) => (a.grantee < b.grantee ? -1 : 1));
  }

  async change(context: RequestContext, ref: MailboxRef, grantee: string, change: GrantChange): Promise<void> {
    const { account, box } = this.state.box(this.permit(context, ref, 'a'), ref);
    const id = grantee.toLowerCase() === ANYONE ? ANYONE : this.granteeId(ref.accountId, grantee.toLowerCase());
    const before = box.shares.get(id) ?? '';
    const after = changedRights(before, change);
    if (after === before) return;
    if (after === '') box.shares.delete(id);
    else box.shares.set(id, after);
    const touch = this.state.touch(account);
    touch.mailboxList = true;
    this.state.publish([touch]);
  }

  async rights(context: RequestContext, ref: MailboxRef): Promise<string> {
    return actsAbroad(context, ref.accountId) ? this.held(context, ref) : RIGHTS;
  }

  async shared(context: RequestContext): Promise<readonly SharedMailbox[]> {
    const found: SharedMailbox[] = [];
    const owners = [...this.state.admitted].sort((a, b) => (a.spec.email < b.spec.email ? -1 : 1));
    for (const owner of owners) {
      const { accountId, email } = owner.spec;
      if (!actsAbroad(context, accountId)) continue;
      for (const box of owner.mailboxes.values())
        if (this.held(context, { accountId, mailboxId: box.id }).includes('l'))
          found.push({ accountId, email, mailbox: mailboxView(owner, box) });
    }
    return found;
  }

  /** The context in which what needs these rights may be done. Throws `mailboxNotFound`, `notPermitted`. */
  permit(context: RequestContext, ref: MailboxRef, needed: string): RequestContext {
    if (!actsAbroad(context, ref.accountId)) return context;
    assertRights(this.held(context, ref), needed);
    return asOwner(context, ref.accountId);
  }

  permitNamed(context: RequestContext, accountId: AccountId, nameOrId: string | number, needed = ''): RequestContext {
    if (!actsAbroad(context, accountId)) return context;
    const owner = this.state.accounts.get(accountId);
    const box =
      owner && (typeof nameOrId === 'number' ? owner.mailboxes.get(nameOrId) : this.state.boxNamed(owner, nameOrId));
    if (!box) throw new MailStoreError('mailboxNotFound');
    return this.permit(context, { accountId, mailboxId: box.id }, needed);
  }

  /** To make a mailbox of that name: `k` on its parent; at the top only the owner. */
  permitBeneath(context: RequestContext, accountId: AccountId, name: string): RequestContext {
    if (!actsAbroad(context, accountId)) return context;
    const slash = name.lastIndexOf('/');
    if (slash < 0) throw new MailStoreError('notPermitted', 'only the owner makes mailboxes at the top');
    return this.permitNamed(context, accountId, name.slice(0, slash), 'k');
  }

  private held({ accountId: actorId = '', partnerId }: RequestContext, { accountId, mailboxId }: MailboxRef): string {
    const owner = this.state.accounts.get(accountId);
    const actor = this.state.accounts.get(actorId);
    const shares = owner?.mailboxes.get(mailboxId)?.shares;
    if (!owner || !actor || !shares || owner.spec.partnerId !== actor.spec.partnerId) return '';
    if (partnerId !== undefined && partnerId !== owner.spec.partnerId) return '';
    const everybodys = sameDomain(owner.spec.email, actor.spec.email) ? (shares.get(ANYONE) ?? '') : '';
    return orderedRights((shares.get(actorId) ?? '') + everybodys);
  }

  private granteeId(ownerId: AccountId, email: string): AccountId {
    const partnerId = this.state.accounts.get(ownerId)?.spec.partnerId;
    for (const { spec } of this.state.admitted)
      if (spec.email === email && spec.partnerId === partnerId && spec.accountId !== ownerId) return spec.accountId;
    throw new MailStoreError('granteeNotFound');
  }
}
