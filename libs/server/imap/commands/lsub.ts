import { parseLsub } from '#protocol/imap';
import type { ImapCommand } from '../command.ts';
import { HIERARCHY_DELIMITER, patternMatcher } from '../mailbox-list.ts';
import { formatMailboxName } from '../mailbox-text.ts';

/** RFC 3501 §6.3.9: subscribed names, and for `%` the levels above deeper ones, as \Noselect. */
export const lsub: ImapCommand<ReturnType<typeof parseLsub>> = {
  name: 'LSUB',
  states: ['authenticated', 'selected'],
  usesSequences: false,
  breaksSequences: true,
  rfc: 'RFC 3501 §6.3.9',
  parse: (reader, { names }) => parseLsub(reader, names),
  async run(session, { reference, pattern }, reply) {
    const { store, context, accountId, out } = session;
    const matches = patternMatcher(reference + pattern);
    const subscribed = new Set(await store.subscriptions(context, accountId));
    const shown = new Map<string, boolean>();
    for (const name of subscribed) {
      if (matches(name)) shown.set(name, true);
      else if (pattern.endsWith('%')) {
        for (let at = name.lastIndexOf('/'); at > 0; at = name.lastIndexOf('/', at - 1)) {
          const parent = name.slice(0, at);
          if (matches(parent) && !subscribed.has(parent)) shown.set(parent, false);
        }
      }
    }
    for (const name of [...shown.keys()].sort())
      out.untagged(
        `LSUB (${shown.get(name) ? '' : '\\Noselect'}) "${HIERARCHY_DELIMITER}" ${formatMailboxName(session, name)}`,
      );
    reply.ok('LSUB completed');
  },
};
