import type { RequestContext } from '#stdx';
import { MailStoreError } from './errors.ts';
import type { AccountId, Mailbox, MailboxRef } from './model.ts';

/** Rights of RFC 4314 §2.1, one letter each, in this order wherever several stand together. */
export const RIGHTS = 'lrswipkxtea';

/** Everybody of the owner's domain. */
export const ANYONE = 'anyone';

/** What somebody may do with a mailbox that is not his. */
export interface Grant {
  /** Address of an account, or `anyone`. */
  readonly grantee: string;
  readonly rights: string;
}

export interface GrantChange {
  readonly mode: 'replace' | 'add' | 'remove';
  /** Letters of `RIGHTS`; none left is no grant. */
  readonly rights: string;
}

/** A mailbox of somebody else that the acting account may list. */
export interface SharedMailbox {
  readonly accountId: AccountId;
  /** Its owner's address. */
  readonly email: string;
  readonly mailbox: Mailbox;
}

/**
 * Who else may do what with a mailbox. Owners may do everything, always; another account of the same partner, on the same
 * volume, what it was granted. An account that acts (`RequestContext.accountId`) is held to that by every method of the store: what it
 * may not even list is `mailboxNotFound`, what it may see and not do is `notPermitted`.
 */
export interface MailboxSharing {
  /** By address; needs `a`. */
  grants(context: RequestContext, mailbox: MailboxRef): Promise<readonly Grant[]>;
  /** Needs `a`. Rejects `granteeNotFound` for whoever is no account of this volume and partner, or the owner. */
  change(context: RequestContext, mailbox: MailboxRef, grantee: string, change: GrantChange): Promise<void>;
  /** The acting account's own; '' when it has none. */
  rights(context: RequestContext, mailbox: MailboxRef): Promise<string>;
  /** Whatever others share with the acting account. */
  shared(context: RequestContext): Promise<readonly SharedMailbox[]>;
}

/** In the order of `RIGHTS`, each once. */
export const orderedRights = (rights: string): string => [...RIGHTS].filter((right) => rights.includes(right)).join('');

export function changedRights(before: string, { mode, rights }: GrantChange): string {
  if (mode === 'replace') return orderedRights(rights);
  return orderedRights(mode === 'add' ? before + rights : [...before].filter((one) => !rights.includes(one)).join(''));
}

/** Throws unless `held` has all of `needed`, and at least one right to know of the mailbox. */
export function assertRights(held: string, needed: string): void {
  if (!/[lrkxa]/.test(held)) throw new MailStoreError('mailboxNotFound');
  if (![...needed].every((right) => held.includes(right))) throw new MailStoreError('notPermitted', `needs ${needed}`);
}

/** Acts for another account without being it. */
export const actsAbroad = ({ accountId }: RequestContext, owner: AccountId): boolean =>
  accountId !== undefined && accountId !== owner;

/** The context in which the store does what was permitted. */
export const asOwner = (context: RequestContext, owner: AccountId): RequestContext => ({
  ...context,
  accountId: owner,
});

export const sameDomain = (a: string, b: string): boolean =>
  a.slice(a.lastIndexOf('@')) === b.slice(b.lastIndexOf('@'));
