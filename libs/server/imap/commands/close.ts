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
    const expunged =
      view.readOnly || !view.rights.includes('e') ? null : await store.expunge(context, view.ref, view.all().ranges);
    session.unselect();
    // RFC 7162 §3.2.8.
    const tellsModSeq = expunged && expunged.uids.length > 0 && session.enabled.has('QRESYNC');
    reply.ok('CLOSE completed', tellsModSeq ? `HIGHESTMODSEQ ${expunged.modSeq}` : undefined);
  },
};
