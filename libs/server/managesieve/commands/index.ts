import type { ManageSieveCommand } from '../command.ts';
import { capability } from './capability.ts';
import { checkscript } from './checkscript.ts';
import { deletescript } from './deletescript.ts';
import { getscript } from './getscript.ts';
import { havespace } from './havespace.ts';
import { listscripts } from './listscripts.ts';
import { logout } from './logout.ts';
import { noop } from './noop.ts';
import { putscript } from './putscript.ts';
import { renamescript } from './renamescript.ts';
import { setactive } from './setactive.ts';
import { authenticate, starttls } from './signed-in.ts';
import { unauthenticate } from './unauthenticate.ts';

/** Everything that can be said once signed in, by name. */
export const COMMANDS: ReadonlyMap<string, ManageSieveCommand> = new Map(
  [
    ...[authenticate, starttls, capability, noop, logout, unauthenticate, havespace, putscript, checkscript],
    ...[listscripts, setactive, getscript, deletescript, renamescript],
  ].map((command) => [command.name, command]),
);
