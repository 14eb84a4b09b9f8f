import { parseNothing } from '#protocol/imap';
import type { ImapCommand } from '../command.ts';

/** Expunges what is \Deleted without telling, then ends the view. RFC 9051 §6.4.1. */
export const close: ImapCommand<null> = {
  name: 'CLOSE',
  states: ['selected'],
  usesSequences: false,
  breaksSequences: false,
  rfc: 'RFC 9051 §6.4.1',
  parse: parseNothing,
  async run(session, _, reply) {
    const { view, store, context } = session;
    if (!view.readOnly) await store.expunge(context, view.ref, view.all().ranges);
    session.unselect();
    reply.ok('CLOSE completed');
  },
};
