import { parseNothing } from '#protocol/imap';
import type { LoginCommand } from '../login-command.ts';

/** RFC 9051 §6.1.2. */
export const noop: LoginCommand = {
  name: 'NOOP',
  run(session, reader) {
    parseNothing(reader);
    session.answer('OK NOOP completed');
  },
};
