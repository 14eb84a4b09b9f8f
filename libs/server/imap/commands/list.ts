import { type ListArguments, parseList } from '#protocol/imap';
import type { CommandSession, ImapCommand } from '../command.ts';
import { formatListed } from '../list-response.ts';
import { HIERARCHY_DELIMITER, type ListedName, listedNames, patternMatcher, roleAttribute } from '../mailbox-list.ts';
import { everyMailbox } from '../shared-names.ts';
import { formatStatus } from './status.ts';

/** RFC 9051 §6.3.9 with RFC 5258's options. */
export const list: ImapCommand<ListArguments> = {
  name: 'LIST',
  states: ['authenticated', 'selected'],
  usesSequences: false,
  breaksSequences: true,
  rfc: 'RFC 9051 §6.3.9',
  parse: (reader, { names }) => parseList(reader, names),
  async run(session, args, reply) {
    const { out } = session;
    // RFC 3501 §6.3.8: an empty pattern asks for the delimiter and the root of the reference.
    if (args.patterns.every((pattern) => pattern === '') && !args.extended)
      out.untagged(`LIST (\\Noselect) "${HIERARCHY_DELIMITER}" ""`);
    else await listNames(session, args);
    reply.ok('LIST completed');
  },
};

async function listNames(session: CommandSession, args: ListArguments): Promise<void> {
  const { store, context, accountId, out } = session;
  const matchers = args.patterns.map((pattern) => patternMatcher(args.reference + pattern));
  const matches = (name: string): boolean => matchers.some((matcher) => matcher(name));
  const names = listedNames(await everyMailbox(session), await store.subscriptions(context, accountId));
  const chosen = names.filter((entry) => isChosen(entry, args));
  const parents = args.selection.has('RECURSIVEMATCH') ? parentsOfUnmatched(chosen, matches) : new Set<string>();
  const isShown = new Set(chosen.map(({ name }) => name));
  const style = {
    nonExistent: args.extended || session.enabled.has('IMAP4REV2'),
    subscribed: args.selection.has('SUBSCRIBED') || args.returns.has('SUBSCRIBED'),
  };
  for (const entry of names) {
    if (!matches(entry.name)) continue;
    const childInfo = parents.has(entry.name);
    if (!isShown.has(entry.name) && !childInfo) continue;
    out.untagged(formatListed(session, entry, style, childInfo ? `"CHILDINFO" (${childInfoOptions(args)})` : ''));
    // RFC 5819 §2: no STATUS for what cannot be selected.
    if (args.status && entry.found && isShown.has(entry.name))
      out.untagged(await formatStatus(session, entry.found, args.status));
  }
}

function isChosen(entry: ListedName, { selection }: ListArguments): boolean {
  if (selection.has('SPECIAL-USE') && roleAttribute(entry.mailbox?.role ?? null) === null) return false;
  if (selection.has('SUBSCRIBED')) return entry.subscribed;
  // A subscription whose mailbox is gone shows only to those who ask for subscriptions.
  return entry.mailbox !== null || entry.hasChildren;
}

/** Names above chosen ones that no pattern matches. RFC 5258 §3.5. */
function parentsOfUnmatched(chosen: readonly ListedName[], matches: (name: string) => boolean): Set<string> {
  const parents = new Set<string>();
  for (const { name } of chosen) {
    if (matches(name)) continue;
    for (let at = name.lastIndexOf('/'); at > 0; at = name.lastIndexOf('/', at - 1)) parents.add(name.slice(0, at));
  }
  return parents;
}

const childInfoOptions = ({ selection }: ListArguments): string =>
  [...selection]
    .filter((option) => option === 'SUBSCRIBED' || option === 'SPECIAL-USE')
    .map((option) => `"${option}"`)
    .join(' ');
