import { errorLine, parsePass } from '#protocol/pop3';
import type { LoginCommand } from '../login-command.ts';

/** RFC 1939 §7: only right after USER. */
export const pass: LoginCommand = {
  name: 'PASS',
  async run(session, rest) {
    const { username } = session;
    session.username = null;
    if (username === null) return session.answer(errorLine(null, 'USER comes first'));
    await session.conclude(await session.client.authenticate(username, parsePass(rest)));
  },
};
