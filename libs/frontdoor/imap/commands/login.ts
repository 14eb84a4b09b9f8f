import { parseLogin } from '#protocol/imap';
import type { LoginCommand } from '../login-command.ts';

/** RFC 9051 §6.2.3. The OK is the node's to say: it knows what the session can do there. */
export const login: LoginCommand = {
  name: 'LOGIN',
  async run(session, reader) {
    const { username, password } = parseLogin(reader);
    // RFC 9051 §6.2.3, §11.1; RFC 5530 §3 for the code.
    if (!session.client.loginAllowed) return session.answer('NO [PRIVACYREQUIRED] Use STARTTLS first');
    await session.conclude(await session.client.authenticate(username, password));
  },
};
