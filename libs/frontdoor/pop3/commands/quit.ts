import { okLine, parseNothing } from '#protocol/pop3';
import type { LoginCommand } from '../login-command.ts';

/** RFC 1939 §4: in this state it only ends. */
export const quit: LoginCommand = {
  name: 'QUIT',
  run(session, rest) {
    parseNothing(rest);
    session.answer(okLine('Goodbye'));
    session.client.end();
  },
};
