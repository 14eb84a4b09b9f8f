import type { ManageSieveCommand } from '../command.ts';

export const logout: ManageSieveCommand = {
  name: 'LOGOUT',
  rfc: 'RFC 5804 §2.3',
  arguments: [],
  run(session) {
    session.end();
    return { text: 'Goodbye' };
  },
};
