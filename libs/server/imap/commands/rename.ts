import { parseRename } from '#protocol/imap';
import type { ImapCommand } from '../command.ts';
import { ImapRefusal } from '../errors.ts';
import { tellListed } from '../list-response.ts';
import { locate } from '../shared-names.ts';
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
    const source = await locate(session, from);
    const target = await locate(session, withoutDelimiter(to));
    if (source.accountId !== target.accountId) throw new ImapRefusal('CANNOT', 'A mailbox stays with its owner');
    const { store, context } = session;
    const renamed = await store.renameMailbox(context, source.accountId, source.name, target.name);
    const name = withoutDelimiter(to).slice(0, -target.name.length) + renamed.name;
    const normalized = from !== fromAsSent || name !== withoutDelimiter(toAsSent);
    if (session.enabled.has('IMAP4REV2') && normalized) await tellListed(session, name, fromAsSent);
    reply.ok('RENAME completed');
  },
};
