import { languageReply, parseLang } from '#protocol/pop3';
import type { LoginCommand } from '../login-command.ts';

/** RFC 6856 §3. */
export const lang: LoginCommand = {
  name: 'LANG',
  run(session, rest) {
    session.answer(languageReply(parseLang(rest)));
  },
};
