import { parseNothing } from '#protocol/imap';
import type { LoginCommand } from '../login-command.ts';

/** RFC 9051 §6.2.1. */
export const startTls: LoginCommand = {
  name: 'STARTTLS',
  run(session, reader) {
    parseNothing(reader);
    if (session.client.secure) return session.answer('BAD TLS is on already');
    session.answer('OK Begin TLS negotiation now');
    session.client.startTls('STARTTLS');
  },
};
