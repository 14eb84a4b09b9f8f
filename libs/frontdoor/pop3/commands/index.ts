import type { LoginCommand } from '../login-command.ts';
import { auth } from './auth.ts';
import { capa } from './capa.ts';
import { lang } from './lang.ts';
import { pass } from './pass.ts';
import { quit } from './quit.ts';
import { stls } from './stls.ts';
import { user } from './user.ts';
import { utf8 } from './utf8.ts';

/** Everything that can be said before login, by name. */
export const LOGIN_COMMANDS: ReadonlyMap<string, LoginCommand> = new Map(
  [auth, capa, lang, pass, quit, stls, user, utf8].map((command) => [command.name, command]),
);
