import { parseNothing } from '#protocol/imap';
import type { ImapCommand } from '../command.ts';

export const capability: ImapCommand<null> = {
  name: 'CAPABILITY',
  states: ['authenticated', 'selected'],
  usesSequences: false,
  breaksSequences: true,
  rfc: 'RFC 9051 §6.1.1',
  parse: parseNothing,
  async run(session, _, reply) {
    session.out.untagged(`CAPABILITY ${session.capabilities()}`);
    reply.ok('CAPABILITY completed');
  },
};
