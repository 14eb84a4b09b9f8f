import { parseNothing } from '#protocol/imap';
import type { LoginCommand } from '../login-command.ts';

/** RFC 9051 §6.1.3. */
export const logout: LoginCommand = {
  name: 'LOGOUT',
  run(session, reader) {
    parseNothing(reader);
    session.untagged('BYE Logging out');
    session.answer('OK LOGOUT completed');
    session.client.end();
  },
};
