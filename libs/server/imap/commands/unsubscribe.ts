import { parseMailbox } from '#protocol/imap';
import type { ImapCommand } from '../command.ts';

export const unsubscribe: ImapCommand<ReturnType<typeof parseMailbox>> = {
  name: 'UNSUBSCRIBE',
  states: ['authenticated', 'selected'],
  usesSequences: false,
  breaksSequences: true,
  rfc: 'RFC 9051 §6.3.8',
  parse: (reader, { names }) => parseMailbox(reader, names),
  async run({ store, context, accountId }, { mailbox }, reply) {
    await store.setSubscribed(context, accountId, mailbox, false);
    reply.ok('UNSUBSCRIBE completed');
  },
};
