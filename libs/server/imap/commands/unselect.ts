import { parseNothing } from '#protocol/imap';
import type { ImapCommand } from '../command.ts';

export const unselect: ImapCommand<null> = {
  name: 'UNSELECT',
  states: ['selected'],
  usesSequences: false,
  breaksSequences: false,
  rfc: 'RFC 9051 §6.4.2',
  parse: parseNothing,
  async run(session, _, reply) {
    session.unselect();
    reply.ok('UNSELECT completed');
  },
};
