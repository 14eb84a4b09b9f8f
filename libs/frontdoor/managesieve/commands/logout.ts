import type { LoginCommand } from '../login-command.ts';

/** RFC 5804 §2.3. */
export const logout: LoginCommand = {
  name: 'LOGOUT',
  run(session) {
    session.answer('OK', 'Goodbye');
    session.client.end();
  },
};
