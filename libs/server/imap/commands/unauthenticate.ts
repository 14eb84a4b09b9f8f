import { parseNothing } from '#protocol/imap';
import type { ImapCommand } from '../command.ts';
import { ImapRefusal } from '../errors.ts';

/** RFC 8437 §3: everything of this session is forgotten here; the hub takes the connection back to where it signs in. */
export const unauthenticate: ImapCommand<null> = {
  name: 'UNAUTHENTICATE',
  states: ['authenticated', 'selected'],
  usesSequences: false,
  breaksSequences: true,
  rfc: 'RFC 8437 §3',
  parse: parseNothing,
  async run(session, _, reply) {
    if (!session.behindHub) throw new ImapRefusal('CANNOT', 'This connection does not lead through a hub');
    session.unselect();
    session.logout();
    reply.leaveToHub('unauthenticate');
  },
};
