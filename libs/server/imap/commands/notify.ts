import { NOTIFY_EVENTS, type NotifyArguments, parseNotify } from '#protocol/imap';
import type { ImapCommand } from '../command.ts';
import { ImapRefusal } from '../errors.ts';

/** RFC 5465 §3.1. A NOTIFY SET is also a NOOP: what has gathered in the selected mailbox is told before the OK. */
export const notify: ImapCommand<NotifyArguments> = {
  name: 'NOTIFY',
  states: ['authenticated', 'selected'],
  usesSequences: false,
  breaksSequences: true,
  rfc: 'RFC 5465 §3.1',
  parse: (reader, { names }) => parseNotify(reader, names),
  async run(session, { status, unsupported, ...request }, reply) {
    if (unsupported.length > 0)
      throw new ImapRefusal(`BADEVENT (${NOTIFY_EVENTS.join(' ')})`, `No such event: ${unsupported.join(' ')}`);
    // RFC 7162 §3.1: MODSEQ among what is told switches CONDSTORE on, as in FETCH.
    if (request.selected?.fetch.some(({ kind }) => kind === 'modSeq')) session.enable('CONDSTORE');
    await session.notify(request, status);
    reply.ok('NOTIFY completed');
  },
};
