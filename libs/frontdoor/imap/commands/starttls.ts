import { parseNothing } from '#protocol/imap';
import type { LoginCommand } from '../login-command.ts';

/** RFC 9051 §6.2.1. */
export const startTls: LoginCommand = {
  name: 'STARTTLS',
  run(session, reader) {
    parseNothing(reader);
    if (!session.startTlsOffered) {
      session.answer(session.secure ? 'BAD TLS is on already' : 'NO STARTTLS is not offered');
      return;
    }
    session.answer('OK Begin TLS negotiation now');
    session.startTls();
  },
};
