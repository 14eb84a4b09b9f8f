import { parseRename } from '#protocol/imap';
import type { ImapCommand } from '../command.ts';
import { tellListed } from '../list-response.ts';
import { withoutDelimiter } from './create.ts';

/** RFC 9051 §6.3.6. The store moves children along and knows what INBOX asks for. */
export const rename: ImapCommand<ReturnType<typeof parseRename>> = {
  name: 'RENAME',
  states: ['authenticated', 'selected'],
  usesSequences: false,
  breaksSequences: true,
  rfc: 'RFC 9051 §6.3.6',
  parse: (reader, { names }) => parseRename(reader, names),
  async run(session, { from, to, fromAsSent, toAsSent }, reply) {
    const { store, context, accountId } = session;
    const { name } = await store.renameMailbox(context, accountId, from, withoutDelimiter(to));
    const normalized = from !== fromAsSent || name !== withoutDelimiter(toAsSent);
    if (session.enabled.has('IMAP4REV2') && normalized) await tellListed(session, name, fromAsSent);
    reply.ok('RENAME completed');
  },
};
