import type { Mailbox, MailboxRole } from '#mailstore/api';
import { ImapSyntaxError } from '#protocol/imap';
import type { FoundMailbox } from './shared-names.ts';

export const HIERARCHY_DELIMITER = '/';

/** RFC 6154 §2, RFC 8457. */
const ATTRIBUTES: Readonly<Record<MailboxRole, string | null>> = {
  inbox: null,
  drafts: '\\Drafts',
  sent: '\\Sent',
  junk: '\\Junk',
  trash: '\\Trash',
  archive: '\\Archive',
  all: '\\All',
  flagged: '\\Flagged',
  important: '\\Important',
};

export const roleAttribute = (role: MailboxRole | null): string | null => role && ATTRIBUTES[role];

/** The role an attribute of `CREATE … (USE (\Sent))` asks for. */
export function roleOfAttribute(attribute: string): MailboxRole | null {
  const wanted = attribute.toLowerCase();
  for (const [role, name] of Object.entries(ATTRIBUTES) as [MailboxRole, string | null][])
    if (name?.toLowerCase() === wanted) return role;
  return null;
}

/** A name that LIST may show: a mailbox, a level that only has children, or a subscription whose mailbox is gone. */
export interface ListedName {
  readonly name: string;
  readonly mailbox: Mailbox | null;
  readonly found: FoundMailbox | null;
  readonly subscribed: boolean;
  readonly hasChildren: boolean;
}

/** All names of an account, in the order clients like to show them: INBOX first, then by name, children after parents. */
export function listedNames(mailboxes: readonly FoundMailbox[], subscriptions: readonly string[]): ListedName[] {
  const byName = new Map(mailboxes.map((found) => [found.mailbox.name, found]));
  const subscribed = new Set(subscriptions);
  const parents = new Set<string>();
  for (const { name } of mailboxes.map(({ mailbox }) => mailbox))
    for (const parent of parentsOf(name)) parents.add(parent);
  return inHierarchy(new Set([...byName.keys(), ...parents, ...subscribed])).map((name) => ({
    name,
    mailbox: byName.get(name)?.mailbox ?? null,
    found: byName.get(name) ?? null,
    subscribed: subscribed.has(name),
    hasChildren: parents.has(name),
  }));
}

function* parentsOf(name: string): Iterable<string> {
  for (let at = name.indexOf('/'); at > 0; at = name.indexOf('/', at + 1)) yield name.slice(0, at);
}

function inHierarchy(names: ReadonlySet<string>): readonly string[] {
  const keyed = Array.from(names, (name) => ({ name, key: sortKey(name) }));
  keyed.sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0));
  return keyed.map(({ name }) => name);
}

/** The delimiter sorts before everything, so that children follow their parent; INBOX before all. */
const sortKey = (name: string): string => (isInboxTree(name) ? `\0${name}` : name).replaceAll('/', '\x01');

const isInboxTree = (name: string): boolean => name === 'INBOX' || name.startsWith('INBOX/');

const WILDCARDS_MAX = 20;
const PATTERN_LENGTH_MAX = 2_000;
const INBOX_LENGTH = 5;

/** A matcher for names by a LIST pattern: `*` is anything, `%` anything but the delimiter. RFC 9051 §6.3.9. Throws on too many wildcards. */
export function patternMatcher(pattern: string): (name: string) => boolean {
  const wanted = pattern.replace(/[*%]*\*[*%]*/g, '*').replace(/%+/g, '%');
  if ((wanted.match(/[*%]/g)?.length ?? 0) > WILDCARDS_MAX || wanted.length > PATTERN_LENGTH_MAX)
    throw new ImapSyntaxError('Mailbox pattern too complex');
  if (!/[*%]/.test(wanted)) {
    const exact = /^inbox(?=\/|$)/i.test(wanted) ? `INBOX${wanted.slice(INBOX_LENGTH)}` : wanted;
    return (name) => name === exact;
  }
  return wanted === '*' ? () => true : (name) => matches(wanted, name);
}

/** Follows all ways through the pattern at once: no input makes it go back. */
function matches(pattern: string, name: string): boolean {
  const foldUpTo = isInboxTree(name) ? INBOX_LENGTH : 0;
  let places = withWildcards(pattern, [0]);
  for (let i = 0; i < name.length; i++) {
    const next = new Set<number>();
    for (const place of places) {
      const wanted = pattern[place];
      if (wanted === '*' || (wanted === '%' && name[i] !== HIERARCHY_DELIMITER)) next.add(place);
      else if (wanted === name[i] || (i < foldUpTo && wanted?.toUpperCase() === name[i])) next.add(place + 1);
    }
    if (next.size === 0) return false;
    places = withWildcards(pattern, next);
  }
  return places.has(pattern.length);
}

/** A wildcard also matches nothing, so being before one is being after it. */
function withWildcards(pattern: string, places: Iterable<number>): Set<number> {
  const all = new Set<number>();
  for (let place of places) {
    all.add(place);
    while (pattern[place] === '*' || pattern[place] === '%') all.add(++place);
  }
  return all;
}
