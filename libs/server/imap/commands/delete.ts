import { parseMailbox } from '#protocol/imap';
import type { ImapCommand } from '../command.ts';
import { locate } from '../shared-names.ts';

/** RFC 9051 §6.3.5. Deleting what is selected closes it first. */
export const deleteMailbox: ImapCommand<ReturnType<typeof parseMailbox>> = {
  name: 'DELETE',
  states: ['authenticated', 'selected'],
  usesSequences: false,
  breaksSequences: true,
  rfc: 'RFC 9051 §6.3.5',
  parse: (reader, { names }) => parseMailbox(reader, names),
  async run(session, { mailbox }, reply) {
    const { store, context } = session;
    const { accountId, name } = await locate(session, mailbox);
    const { id } = await store.mailbox(context, accountId, name);
    await store.deleteMailbox(context, accountId, name);
    const { isSelected } = session;
    if (isSelected && session.view.mailboxId === id && session.view.ref.accountId === accountId) {
      session.unselect();
      session.out.untagged('OK [CLOSED] The selected mailbox was deleted');
    }
    reply.ok('DELETE completed');
  },
};
