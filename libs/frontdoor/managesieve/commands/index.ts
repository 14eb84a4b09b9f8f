import type { LoginCommand } from '../login-command.ts';
import { authenticate } from './authenticate.ts';
import { capability } from './capability.ts';
import { logout } from './logout.ts';
import { noop } from './noop.ts';
import { startTls } from './starttls.ts';

/** Everything that can be said before login, by name. */
export const LOGIN_COMMANDS: ReadonlyMap<string, LoginCommand> = new Map(
  [authenticate, capability, logout, noop, startTls].map((command) => [command.name, command]),
);
