import { errorLine, okLine, parseUser } from '#protocol/pop3';
import type { LoginCommand } from '../login-command.ts';

/** RFC 2595 §2.2: no passwords in the clear. */
export const PRIVACY_REQUIRED = errorLine(null, 'Use STLS first');

/** RFC 1939 §7. Every name is welcome: which of them exist is not told. */
export const user: LoginCommand = {
  name: 'USER',
  run(session, rest) {
    if (!session.client.loginAllowed) return session.answer(PRIVACY_REQUIRED);
    session.username = parseUser(rest);
    session.answer(okLine('Password, please'));
  },
};
