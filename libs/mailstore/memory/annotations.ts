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
  rightsToAnnotate,
} from '#mailstore/api';
import type { RequestContext } from '#stdx';
import type { MemorySharing } from './sharing.ts';
import type { KeptAnnotation, MemoryState } from './state.ts';

export class MemoryAnnotations implements AccountAnnotations {
  constructor(
    private readonly state: MemoryState,
    private readonly sharing: MemorySharing,
  ) {}

  async list(
    context: RequestContext,
    accountId: AccountId,
    mailboxId: MailboxId | null,
  ): Promise<readonly Annotation[]> {
    const allowed = this.permit(context, accountId, mailboxId, 'r');
    const account = this.state.account(allowed, accountId);
    if (mailboxId !== null) this.state.box(allowed, { accountId, mailboxId });
    const owner = context.accountId ?? accountId;
    return [...account.annotations.values()]
      .filter((kept) => kept.mailbox === (mailboxId ?? 0) && (kept.owner === '' || kept.owner === owner))
      .map(({ entry, value }) => ({ entry, value }))
      .sort((a, b) => (a.entry < b.entry ? -1 : 1));
  }

  async set(
    context: RequestContext,
    accountId: AccountId,
    mailboxId: MailboxId | null,
    changes: readonly AnnotationChange[],
  ): Promise<void> {
    const canonical = canonicalAnnotations(changes, this.state.limits);
    const allowed = this.permit(context, accountId, mailboxId, rightsToAnnotate(canonical));
    const account = this.state.account(allowed, accountId);
    if (mailboxId !== null) this.state.box(allowed, { accountId, mailboxId });
    const after = new Map(account.annotations);
    const changed: AnnotatedEntry[] = [];
    for (const { entry, value } of canonical) {
      const owner = entryOwner(entry, context, accountId);
      const kept = { mailbox: mailboxId ?? 0, owner, entry };
      const key = annotationKey(kept);
      const known = after.get(key);
      if (value === null ? !known : known?.value.equals(value)) continue;
      changed.push({ mailboxId: kept.mailbox, entry, owner });
      if (value === null) after.delete(key);
      else after.set(key, { ...kept, value: Buffer.from(value) });
    }
    if (changed.length === 0) return;
    if (after.size > this.state.limits.annotationsMax) throw new MailStoreError('limitExceeded', 'annotations');
    const touch = this.state.touch(account);
    account.annotations = after;
    touch.annotated.push(...changed);
    this.state.publish([touch]);
  }

  private permit(
    context: RequestContext,
    accountId: AccountId,
    mailboxId: MailboxId | null,
    needed: string,
  ): RequestContext {
    return mailboxId === null ? context : this.sharing.permit(context, { accountId, mailboxId }, needed);
  }
}

export const annotationKey = ({ mailbox, owner, entry }: Omit<KeptAnnotation, 'value'>): string =>
  `${mailbox} ${owner} ${entry}`;
