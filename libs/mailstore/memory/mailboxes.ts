import {
  type AccountId,
  canonicalMailboxName,
  lookupName,
  type Mailbox,
  type MailboxId,
  type MailboxRole,
  MailStoreError,
  parentNames,
} from '#mailstore/api';
import type { RequestContext } from '#stdx';
import { letGo } from './deleted.ts';
import { moveAll } from './messages.ts';
import { type Box, type MemoryState, mailboxView, type Touch } from './state.ts';

export function findMailbox(
  state: MemoryState,
  context: RequestContext,
  accountId: AccountId,
  nameOrId: string | MailboxId,
): Mailbox {
  const account = state.account(context, accountId);
  const box = typeof nameOrId === 'number' ? account.mailboxes.get(nameOrId) : state.boxNamed(account, nameOrId);
  if (!box) throw new MailStoreError('mailboxNotFound');
  return mailboxView(account, box);
}

export function createMailbox(
  state: MemoryState,
  context: RequestContext,
  accountId: AccountId,
  name: string,
  options: { readonly role?: MailboxRole; readonly subscribed?: boolean } = {},
): Mailbox {
  const account = state.account(context, accountId);
  const canonical = canonicalMailboxName(name, state.limits);
  if (state.boxNamed(account, canonical)) throw new MailStoreError('mailboxExists');
  const { role = null } = options;
  if (role && [...account.mailboxes.values()].some((box) => box.role === role))
    throw new MailStoreError('mailboxExists', `another mailbox is ${role}`);
  const missing = parentNames(canonical).filter((parent) => !state.boxNamed(account, parent));
  if (account.mailboxes.size + missing.length >= state.limits.mailboxesMax)
    throw new MailStoreError('limitExceeded', 'mailboxes');
  const touch = state.touch(account);
  for (const parent of missing) state.addMailbox(touch, parent, null);
  const box = state.addMailbox(touch, canonical, role);
  if (options.subscribed) account.subscriptions.add(canonical);
  state.publish([touch]);
  return mailboxView(account, box);
}

export function renameMailbox(
  state: MemoryState,
  context: RequestContext,
  accountId: AccountId,
  from: string,
  to: string,
): Mailbox {
  const account = state.account(context, accountId);
  const box = state.boxNamed(account, from);
  if (!box) throw new MailStoreError('mailboxNotFound');
  const target = canonicalMailboxName(to, state.limits);
  if (state.boxNamed(account, target)) throw new MailStoreError('mailboxExists');
  const moved = box.role === 'inbox' ? [] : subtree(account.mailboxes.values(), box.name);
  if (moved.length > 0 && target.startsWith(`${box.name}/`))
    throw new MailStoreError('mailboxNameInvalid', 'a mailbox cannot move beneath itself');
  const renames = moved.map((child) => ({
    child,
    name: canonicalMailboxName(target + child.name.slice(box.name.length), state.limits),
  }));
  const inTheWay = renames.map(({ name }) => state.boxNamed(account, name));
  if (inTheWay.some((other) => other && !moved.includes(other))) throw new MailStoreError('mailboxExists');
  const missing = parentNames(target).filter((parent) => !state.boxNamed(account, parent));
  const added = missing.length + (box.role === 'inbox' ? 1 : 0);
  if (account.mailboxes.size + added > state.limits.mailboxesMax)
    throw new MailStoreError('limitExceeded', 'mailboxes');
  const touch = state.touch(account);
  for (const parent of missing) state.addMailbox(touch, parent, null);
  const result = box.role === 'inbox' ? emptyInbox(state, touch, box, target) : renameAll(touch, renames, box);
  state.publish([touch]);
  return mailboxView(account, result);
}

/** RFC 9051 §6.3.6: INBOX's messages go to a new mailbox; INBOX stays, empty, and its children stay where they are. */
function emptyInbox(state: MemoryState, touch: Touch, inbox: Box, name: string): Box {
  const box = state.addMailbox(touch, name, null);
  moveAll(touch, inbox, box, [...inbox.messages.values()], state.clock.now());
  return box;
}

function renameAll(touch: Touch, renames: readonly { child: Box; name: string }[], result: Box): Box {
  const { subscriptions } = touch.account;
  for (const { child, name } of renames) {
    // A subscription follows its mailbox, so that a rename does not hide it from clients that list subscribed names.
    if (subscriptions.delete(child.name)) subscriptions.add(name);
    child.name = name;
    touch.mailboxes.add(child.id);
  }
  touch.mailboxList = true;
  return result;
}

export function deleteMailbox(state: MemoryState, context: RequestContext, accountId: AccountId, name: string): void {
  const account = state.account(context, accountId);
  const box = state.boxNamed(account, name);
  if (!box) throw new MailStoreError('mailboxNotFound');
  if (box.role) throw new MailStoreError('mailboxProtected');
  const touch = state.touch(account);
  for (const message of box.messages.values()) {
    account.usedBytes -= message.size;
    letGo(state, touch, box, message);
  }
  account.mailboxes.delete(box.id);
  for (const [key, { mailbox }] of account.annotations) if (mailbox === box.id) account.annotations.delete(key);
  touch.mailboxes.add(box.id);
  touch.mailboxList = true;
  state.publish([touch]);
}

export function setSubscribed(
  state: MemoryState,
  context: RequestContext,
  accountId: AccountId,
  name: string,
  subscribed: boolean,
): void {
  const account = state.account(context, accountId);
  const known = lookupName(name, state.limits);
  const canonical = subscribed ? canonicalMailboxName(name, state.limits) : known;
  if (canonical === undefined || account.subscriptions.has(canonical) === subscribed) return;
  if (subscribed && account.subscriptions.size >= state.limits.subscriptionsMax)
    throw new MailStoreError('limitExceeded', 'subscriptions');
  const touch = state.touch(account);
  if (subscribed) account.subscriptions.add(canonical);
  else account.subscriptions.delete(canonical);
  touch.mailboxList = true;
  state.publish([touch]);
}

/** The mailbox and all beneath it. */
function subtree(boxes: Iterable<Box>, name: string): readonly Box[] {
  return [...boxes].filter((box) => box.name === name || box.name.startsWith(`${name}/`));
}
