import { formatUtf8String } from '#protocol/imap';
import type { CommandSession } from './command.ts';
import { HIERARCHY_DELIMITER, type ListedName, listedNames, roleAttribute } from './mailbox-list.ts';
import { formatMailboxName } from './mailbox-text.ts';
import { everyMailbox } from './shared-names.ts';

interface ListStyle {
  /** \NonExistent may be said. RFC 5258 §3: it implies \Noselect, which RFC 3501 clients know. */
  readonly nonExistent: boolean;
  /** \Subscribed may be said. */
  readonly subscribed: boolean;
}

/** The untagged LIST for one name; `extended` is its extended data, `("CHILDINFO" …)`, '' for none. */
export function formatListed(session: CommandSession, entry: ListedName, style: ListStyle, extended = ''): string {
  const attributes = attributesOf(entry, style).join(' ');
  const name = formatMailboxName(session, entry.name);
  return `LIST (${attributes}) "${HIERARCHY_DELIMITER}" ${name}${extended && ` (${extended})`}`;
}

function attributesOf(entry: ListedName, style: ListStyle): string[] {
  const attributes: string[] = [];
  if (!entry.mailbox) attributes.push(style.nonExistent ? '\\NonExistent' : '\\Noselect');
  attributes.push(entry.hasChildren ? '\\HasChildren' : '\\HasNoChildren');
  const role = roleAttribute(entry.mailbox?.role ?? null);
  if (role) attributes.push(role);
  if (entry.subscribed && style.subscribed) attributes.push('\\Subscribed');
  return attributes;
}

/** Tells an IMAP4rev2 client of one name, and by OLDNAME what it called it itself. RFC 9051 §6.3.9.7. */
export async function tellListed(session: CommandSession, name: string, oldName?: string): Promise<void> {
  const { store, context, accountId } = session;
  const names = listedNames(await everyMailbox(session), await store.subscriptions(context, accountId));
  const entry = names.find((each) => each.name === name);
  if (!entry) return;
  const extended = oldName === undefined ? '' : `"OLDNAME" (${formatUtf8String(oldName)})`;
  session.out.untagged(formatListed(session, entry, { nonExistent: true, subscribed: true }, extended));
}
