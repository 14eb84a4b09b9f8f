import { parseNothing, parseUidExpunge } from '#protocol/imap';
import type { ImapCommand } from '../command.ts';

/** The EXPUNGE responses are the ordinary news of the changed mailbox, sent before the OK. RFC 9051 §6.4.3. */
export const expunge: ImapCommand<null> = {
  name: 'EXPUNGE',
  states: ['selected'],
  usesSequences: false,
  breaksSequences: true,
  rfc: 'RFC 9051 §6.4.3',
  parse: parseNothing,
  async run(session, _, reply) {
    session.assertWritable();
    const { store, context, view } = session;
    // Only what this client knows of: nobody expunges what he has not seen flagged.
    await store.expunge(context, view.ref, view.all().ranges);
    session.touched();
    await session.sync(true);
    reply.ok('EXPUNGE completed', highestModSeq(session));
  },
};

/** RFC 4315 §2.1. */
export const uidExpunge: ImapCommand<ReturnType<typeof parseUidExpunge>> = {
  ...expunge,
  name: 'UID EXPUNGE',
  rfc: 'RFC 9051 §6.4.9',
  parse: parseUidExpunge,
  async run(session, { messages }, reply) {
    session.assertWritable();
    const { ranges } = session.resolve(messages, true);
    await session.store.expunge(session.context, session.view.ref, ranges);
    session.touched();
    await session.sync(true);
    reply.ok('UID EXPUNGE completed', highestModSeq(session));
  },
};

/** RFC 7162 §3.2.10: told with the OK once QRESYNC is on. */
const highestModSeq = ({ enabled, view }: Parameters<typeof expunge.run>[0]): string | undefined =>
  enabled.has('QRESYNC') ? `HIGHESTMODSEQ ${view.expungesToldTo}` : undefined;
