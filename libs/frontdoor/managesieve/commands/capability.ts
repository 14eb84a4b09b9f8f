import type { LoginCommand } from '../login-command.ts';

/** RFC 5804 §2.4. */
export const capability: LoginCommand = {
  name: 'CAPABILITY',
  run(session) {
    session.client.write(session.capabilities());
    session.answer('OK', 'Capabilities told');
  },
};
