import { parseId } from '#protocol/imap';
import type { LoginCommand } from '../login-command.ts';

/** RFC 2971. The product's name and nothing that helps to choose an attack. */
export const id: LoginCommand = {
  name: 'ID',
  run(session, reader) {
    parseId(reader);
    session.untagged('ID ("name" "Rookery")');
    session.answer('OK ID completed');
  },
};
