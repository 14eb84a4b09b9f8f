import { parseMailbox } from '#protocol/imap';
import type { ImapCommand } from '../command.ts';

/** RFC 9051 §6.3.7: the name need not be a mailbox's. */
export const subscribe: ImapCommand<ReturnType<typeof parseMailbox>> = {
  name: 'SUBSCRIBE',
  states: ['authenticated', 'selected'],
  usesSequences: false,
  breaksSequences: true,
  rfc: 'RFC 9051 §6.3.7',
  parse: (reader, { names }) => parseMailbox(reader, names),
  async run({ store, context, accountId }, { mailbox }, reply) {
    await store.setSubscribed(context, accountId, mailbox, true);
    reply.ok('SUBSCRIBE completed');
  },
};
