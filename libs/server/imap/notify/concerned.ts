import type { NotifyEvent, NotifyGroup } from '#protocol/imap';

/** A mailbox's name, as far as groups of events ask about it. */
export interface NamedMailbox {
  readonly name: string;
  /** In the client's own namespace. */
  readonly isOwn: boolean;
  readonly subscribed: boolean;
}

/** Events asked for of a mailbox that is not selected: those of every group it is in. RFC 5465 §6. */
export function eventsOf(groups: readonly NotifyGroup[], mailbox: NamedMailbox): ReadonlySet<NotifyEvent> {
  const events = new Set<NotifyEvent>();
  for (const group of groups) if (isIn(group, mailbox)) for (const event of group.events) events.add(event);
  return events;
}

function isIn({ filter }: NotifyGroup, { name, isOwn, subscribed }: NamedMailbox): boolean {
  switch (filter.kind) {
    // RFC 5465 §6.3: where any mailbox may be delivered to, INBOXES is PERSONAL.
    case 'inboxes':
    case 'personal':
      return isOwn;
    case 'subscribed':
      return subscribed;
    case 'mailboxes':
      return filter.names.includes(name);
    case 'subtree':
      return filter.names.some((root) => root === '' || name === root || name.startsWith(`${root}/`));
  }
}
