import { okLine, parseNothing } from '#protocol/pop3';
import type { LoginCommand } from '../login-command.ts';

/** RFC 6856 §2. Messages are given as they were stored whether it is said or not, so there is nothing to switch on. */
export const utf8: LoginCommand = {
  name: 'UTF8',
  run(session, rest) {
    parseNothing(rest);
    session.answer(okLine('UTF-8 is welcome'));
  },
};
