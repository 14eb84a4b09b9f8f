import { parseNothing } from '#protocol/imap';
import type { LoginCommand } from '../login-command.ts';

/** RFC 9051 §6.1.1. */
export const capability: LoginCommand = {
  name: 'CAPABILITY',
  run(session, reader) {
    parseNothing(reader);
    session.untagged(`CAPABILITY ${session.capabilities()}`);
    session.answer('OK CAPABILITY completed');
  },
};
