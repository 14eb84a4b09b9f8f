import { parseRename } from '#protocol/imap';
import type { ImapCommand } from '../command.ts';

/** RFC 9051 §6.3.6. The store moves children along and knows what INBOX asks for. */
export const rename: ImapCommand<ReturnType<typeof parseRename>> = {
  name: 'RENAME',
  states: ['authenticated', 'selected'],
  usesSequences: false,
  breaksSequences: true,
  rfc: 'RFC 9051 §6.3.6',
  parse: (reader, { names }) => parseRename(reader, names),
  async run({ store, context, accountId }, { from, to }, reply) {
    await store.renameMailbox(context, accountId, from, to.endsWith('/') ? to.slice(0, -1) : to);
    reply.ok('RENAME completed');
  },
};
