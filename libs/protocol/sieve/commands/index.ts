import type { CommandDefinition } from '../definition.ts';
import { addflag } from './addflag.ts';
import { addheader } from './addheader.ts';
import { deleteheader } from './deleteheader.ts';
import { discard } from './discard.ts';
import { fileinto } from './fileinto.ts';
import { global } from './global.ts';
import { elseCommand, elsif, ifCommand } from './if.ts';
import { include } from './include.ts';
import { keep } from './keep.ts';
import { notify } from './notify.ts';
import { redirect } from './redirect.ts';
import { ereject, reject } from './reject.ts';
import { removeflag } from './removeflag.ts';
import { returnCommand } from './return.ts';
import { set } from './set.ts';
import { setflag } from './setflag.ts';
import { stop } from './stop.ts';
import { vacation } from './vacation.ts';

/** Every command but `require`, by name. */
export const COMMANDS: ReadonlyMap<string, CommandDefinition> = new Map(
  [
    ...[ifCommand, elsif, elseCommand, stop, keep, fileinto, redirect, discard, reject, ereject],
    ...[set, setflag, addflag, removeflag, addheader, deleteheader, vacation, notify],
    ...[include, returnCommand, global],
  ].map((command) => [command.name, command]),
);
