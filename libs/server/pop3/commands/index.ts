import type { Pop3Command } from '../command.ts';
import { capa } from './capa.ts';
import { dele } from './dele.ts';
import { lang } from './lang.ts';
import { list } from './list.ts';
import { noop } from './noop.ts';
import { quit } from './quit.ts';
import { retr } from './retr.ts';
import { rset } from './rset.ts';
import { stat } from './stat.ts';
import { top } from './top.ts';
import { uidl } from './uidl.ts';

const ROWS = [capa, dele, lang, list, noop, quit, retr, rset, stat, top, uidl];

/** Every command of the TRANSACTION state, by name. */
export const COMMANDS: ReadonlyMap<string, Pop3Command<unknown>> = new Map(
  ROWS.map((row) => [row.name, row as Pop3Command<unknown>]),
);
