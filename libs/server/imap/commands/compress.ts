import { parseCompress } from '#protocol/imap';
import type { ImapCommand } from '../command.ts';
import { ImapRefusal } from '../errors.ts';

/** RFC 4978 §3. The hub ends compression as it ends TLS, and knows whether it is on already. */
export const compress: ImapCommand<ReturnType<typeof parseCompress>> = {
  name: 'COMPRESS',
  states: ['authenticated', 'selected'],
  usesSequences: false,
  breaksSequences: true,
  rfc: 'RFC 4978 §3',
  parse: parseCompress,
  async run(session, { algorithm }, reply) {
    if (algorithm !== 'DEFLATE') throw new ImapRefusal('CANNOT', 'Only DEFLATE is known');
    if (!session.behindHub) throw new ImapRefusal('CANNOT', 'This connection does not lead through a hub');
    reply.leaveToHub('compress');
  },
};
