import { setImmediate as nextTurn } from 'node:timers/promises';
import type { CommandSession } from './command.ts';

/** Lines before others have their turn: a millisecond of them. */
const LINES_A_TURN = 2_000;

/** The lines of a multi-line answer, as fast as the client takes them, and its end. */
export async function sendLines(session: CommandSession, lines: Iterable<string>): Promise<void> {
  let sent = 0;
  for (const line of lines) {
    session.out.raw(`${line}\r\n`);
    if (++sent % LINES_A_TURN > 0) continue;
    await session.drained();
    await nextTurn();
  }
  session.out.raw('.\r\n');
}
