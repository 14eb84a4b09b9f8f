import { parseNothing } from '#protocol/imap';
import type { ImapCommand } from '../command.ts';

/** RFC 2342: one's own mailboxes, and what others share, below their addresses. */
export const namespace: ImapCommand<null> = {
  name: 'NAMESPACE',
  states: ['authenticated', 'selected'],
  usesSequences: false,
  breaksSequences: true,
  rfc: 'RFC 9051 §6.3.10',
  parse: parseNothing,
  async run(session, _, reply) {
    session.out.untagged('NAMESPACE (("" "/")) (("Other Users/" "/")) NIL');
    reply.ok('NAMESPACE completed');
  },
};
