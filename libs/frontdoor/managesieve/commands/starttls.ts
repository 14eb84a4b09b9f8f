import type { LoginCommand } from '../login-command.ts';

/** RFC 5804 §2.2. */
export const startTls: LoginCommand = {
  name: 'STARTTLS',
  run(session) {
    if (session.client.secure) return session.answer('NO', 'TLS is on already');
    session.answer('OK', 'Begin TLS negotiation now');
    session.client.startTls('STARTTLS');
  },
};
