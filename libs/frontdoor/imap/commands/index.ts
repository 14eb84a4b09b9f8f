import type { Random } from '#stdx';
import type { LoginCommand } from '../login-command.ts';
import { authenticate } from './authenticate.ts';
import { capability } from './capability.ts';
import { id } from './id.ts';
import { login } from './login.ts';
import { logout } from './logout.ts';
import { noop } from './noop.ts';
import { startTls } from './starttls.ts';

/** Everything that can be said before login, by name. */
export function loginCommands(random: Random): ReadonlyMap<string, LoginCommand> {
  const commands = [authenticate(random), capability, id, login, logout, noop, startTls];
  return new Map(commands.map((command) => [command.name, command]));
}
