import { parseId } from '#protocol/imap';
import type { ImapCommand } from '../command.ts';

/** RFC 2971. What clients say is worth a log line when somebody asks why one misbehaves. */
export const id: ImapCommand<ReturnType<typeof parseId>> = {
  name: 'ID',
  states: ['authenticated', 'selected'],
  usesSequences: false,
  breaksSequences: true,
  rfc: 'RFC 2971 §3.1',
  parse: parseId,
  async run(session, { fields }, reply) {
    if (fields) session.logger.info({ client: Object.fromEntries(fields) }, 'imap client');
    session.out.untagged('ID ("name" "Rookery")');
    reply.ok('ID completed');
  },
};
