import { errorLine, okLine, parseNothing } from '#protocol/pop3';
import type { LoginCommand } from '../login-command.ts';

/** RFC 2595 §4. */
export const stls: LoginCommand = {
  name: 'STLS',
  run(session, rest) {
    parseNothing(rest);
    if (session.client.secure) return session.answer(errorLine(null, 'TLS is on already'));
    session.answer(okLine('Begin TLS negotiation now'));
    session.client.startTls('STLS');
  },
};
