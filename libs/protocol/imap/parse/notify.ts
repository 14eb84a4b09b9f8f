import type { ArgumentReader } from '../argument-reader.ts';
import { type NameEncoding, readMailboxName } from '../mailbox-name.ts';
import { type FetchItem, parseFetchItems } from './fetch.ts';

/** Events of RFC 5465 §5 that are served; AnnotationChange needs RFC 5257, which is not. */
export const NOTIFY_EVENTS = [
  'MessageNew',
  'MessageExpunge',
  'FlagChange',
  'MailboxName',
  'SubscriptionChange',
  'MailboxMetadataChange',
  'ServerMetadataChange',
] as const;
export type NotifyEvent = (typeof NOTIFY_EVENTS)[number];

/** Events of the selected mailbox. RFC 5465 §6.1. */
export interface NotifySelected {
  /** SELECTED-DELAYED: expunges wait for a command that may tell them. */
  readonly delayed: boolean;
  readonly events: readonly NotifyEvent[];
  /** Told of each new message; empty for its EXISTS alone. */
  readonly fetch: readonly FetchItem[];
}

/** Which mailboxes a group of events is for. RFC 5465 §6.2–6.6. */
export type NotifyFilter =
  | { readonly kind: 'inboxes' | 'personal' | 'subscribed' }
  | { readonly kind: 'subtree' | 'mailboxes'; readonly names: readonly string[] };

export interface NotifyGroup {
  readonly filter: NotifyFilter;
  readonly events: readonly NotifyEvent[];
}

/** Plain data: it travels in marks. */
export interface NotifyRequest {
  /** `null`: nothing of the selected mailbox is told. */
  readonly selected: NotifySelected | null;
  readonly groups: readonly NotifyGroup[];
}

export interface NotifyArguments extends NotifyRequest {
  /** STATUS of every mailbox concerned is told at once. */
  readonly status: boolean;
  /** Names that are no events served here: the command is refused with BADEVENT. */
  readonly unsupported: readonly string[];
}

const GROUPS_MAX = 100;
const NAMES_MAX = 1_000;
const NOTHING: NotifyArguments = { selected: null, groups: [], status: false, unsupported: [] };

/** NOTIFY. RFC 5465 §8; `NOTIFY NONE` reads as a request for nothing. */
export function parseNotify(reader: ArgumentReader, encoding: NameEncoding): NotifyArguments {
  const form = reader.keyword('SET or NONE');
  if (form === 'NONE') {
    reader.end();
    return NOTHING;
  }
  if (form !== 'SET') reader.fail('Expected SET or NONE');
  reader.space();
  const status = reader.acceptWord('STATUS');
  if (status) reader.space();
  let selected: NotifySelected | null = null;
  const groups: NotifyGroup[] = [];
  const unsupported: string[] = [];
  let count = 0;
  do {
    if (++count > GROUPS_MAX) reader.fail('Too many groups of events');
    reader.nested(() => {
      const kind = reader.keyword('which mailboxes');
      if (kind === 'SELECTED' || kind === 'SELECTED-DELAYED') {
        // RFC 5465 §6.1.
        if (selected) reader.fail('The selected mailbox is named twice');
        const { events, fetch } = readEvents(reader, unsupported);
        if (events.some((event) => !isMessageEvent(event)))
          reader.fail('Only message events are of the selected mailbox');
        selected = { delayed: kind === 'SELECTED-DELAYED', events, fetch };
      } else {
        const filter = readFilter(reader, kind, encoding);
        groups.push({ filter, events: readEvents(reader, unsupported).events });
      }
      reader.expect(')');
    });
  } while (reader.accept(' '));
  reader.end();
  return { selected, groups, status, unsupported };
}

function readFilter(reader: ArgumentReader, kind: string, encoding: NameEncoding): NotifyFilter {
  switch (kind) {
    case 'INBOXES':
      return { kind: 'inboxes' };
    case 'PERSONAL':
      return { kind: 'personal' };
    case 'SUBSCRIBED':
      return { kind: 'subscribed' };
    case 'SUBTREE':
      return { kind: 'subtree', names: readNames(reader, encoding) };
    case 'MAILBOXES':
      return { kind: 'mailboxes', names: readNames(reader, encoding) };
    default:
      return reader.fail('Unknown set of mailboxes');
  }
}

function readNames(reader: ArgumentReader, encoding: NameEncoding): readonly string[] {
  reader.space();
  const names = reader.atList
    ? reader.list(() => readMailboxName(reader, encoding))
    : [readMailboxName(reader, encoding)];
  if (names.length > NAMES_MAX) reader.fail('Too many mailboxes');
  return [...new Set(names)];
}

/** `NONE`, or events in parentheses, MessageNew perhaps with what to FETCH. */
function readEvents(
  reader: ArgumentReader,
  unsupported: string[],
): { readonly events: readonly NotifyEvent[]; readonly fetch: readonly FetchItem[] } {
  reader.space();
  const events = new Set<NotifyEvent>();
  let fetch: readonly FetchItem[] = [];
  if (reader.acceptWord('NONE')) return { events: [], fetch };
  reader.nested(() => {
    let more = true;
    while (more) {
      const name = reader.atom('an event');
      const event = NOTIFY_EVENTS.find((known) => known.toUpperCase() === name.toUpperCase());
      if (event) events.add(event);
      else unsupported.push(name);
      more = reader.accept(' ');
      if (more && reader.atList) {
        if (event !== 'MessageNew') reader.fail('Only MessageNew takes FETCH items');
        fetch = parseFetchItems(reader);
        more = reader.accept(' ');
      }
    }
    reader.expect(')');
  });
  // RFC 5465 §5.
  const hasNew = events.has('MessageNew');
  if (hasNew !== events.has('MessageExpunge')) reader.fail('MessageNew and MessageExpunge go together');
  if (events.has('FlagChange') && !hasNew) reader.fail('FlagChange needs MessageNew and MessageExpunge');
  return { events: [...events], fetch };
}

export const isMessageEvent = (event: NotifyEvent): boolean =>
  event === 'MessageNew' || event === 'MessageExpunge' || event === 'FlagChange';
