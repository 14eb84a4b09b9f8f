import { parseNothing } from '#protocol/imap';
import type { ImapCommand } from '../command.ts';

export const logout: ImapCommand<null> = {
  name: 'LOGOUT',
  states: ['authenticated', 'selected'],
  usesSequences: false,
  breaksSequences: true,
  rfc: 'RFC 9051 §6.1.3',
  parse: parseNothing,
  async run(session, _, reply) {
    session.unselect();
    session.out.untagged('BYE Until next time');
    session.logout();
    reply.ok('LOGOUT completed');
  },
};
