import { type AccountId, type Mailbox, type MailboxRef, MailStoreError } from '#mailstore/api';
import type { CommandSession } from './command.ts';

/** RFC 2342 §5: where mailboxes of others are, by their owner's address. */
const OTHER_USERS = 'Other Users/';

type Sharing = Pick<CommandSession, 'store' | 'context' | 'accountId'>;

/** A mailbox as this client calls it, and where it is. */
export interface FoundMailbox {
  readonly ref: MailboxRef;
  /** Its name is the client's. */
  readonly mailbox: Mailbox;
}

/** Whose mailbox a name means, and its name there. A name of somebody who shares nothing is `mailboxNotFound`. */
export async function locate(
  session: Sharing,
  name: string,
): Promise<{ readonly accountId: AccountId; readonly name: string }> {
  const { accountId } = session;
  if (!isOthers(name)) return { accountId, name };
  for (const owner of await session.store.sharing.shared(session.context)) {
    const prefix = prefixOf(owner.email);
    if (name.startsWith(prefix)) return { accountId: owner.accountId, name: name.slice(prefix.length) };
  }
  throw new MailStoreError('mailboxNotFound');
}

export async function findMailbox(session: Sharing, name: string): Promise<FoundMailbox> {
  const { store, context } = session;
  const { accountId, name: there } = await locate(session, name);
  const mailbox = await store.mailbox(context, accountId, there);
  const prefix = name.slice(0, name.length - there.length);
  return { ref: { accountId, mailboxId: mailbox.id }, mailbox: { ...mailbox, name: prefix + mailbox.name } };
}

/** Everything this client may list: its own, and what others share with it, which has no use of its own here. */
export async function everyMailbox(session: Sharing): Promise<readonly FoundMailbox[]> {
  const { store, context, accountId } = session;
  const own = await store.mailboxes(context, accountId);
  const shared = await store.sharing.shared(context);
  return [
    ...own
      .filter(({ name }) => !isOthers(name))
      .map((mailbox) => ({ ref: { accountId, mailboxId: mailbox.id }, mailbox })),
    ...shared.map(({ accountId: owner, email, mailbox }) => ({
      ref: { accountId: owner, mailboxId: mailbox.id },
      mailbox: { ...mailbox, name: prefixOf(email) + mailbox.name, role: null },
    })),
  ];
}

const prefixOf = (email: string): string => `${OTHER_USERS}${email}/`;
const isOthers = (name: string): boolean => `${name}/`.startsWith(OTHER_USERS);
