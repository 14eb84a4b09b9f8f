import { parseNothing } from '#protocol/imap';
import type { CommandSession, ImapCommand, Reply } from '../command.ts';

/** RFC 9051 §6.3.13. */
export const idle: ImapCommand<null> = {
  name: 'IDLE',
  states: ['authenticated', 'selected'],
  usesSequences: false,
  breaksSequences: true,
  rfc: 'RFC 9051 §6.3.13',
  parse: parseNothing,
  async run(session, _, reply) {
    session.out.raw('+ idling\r\n');
    session.idling(reply.tag);
    await idleUntilDone(session, reply);
  },
};

/** Tells news until the client says DONE. Also where an IDLE goes on that began on another node. */
export async function idleUntilDone(session: CommandSession, reply: Reply): Promise<void> {
  const { input } = session;
  input.expectLine();
  for (;;) {
    const event = input.poll();
    if (event) {
      session.idling(null);
      if (event.kind === 'line' && event.text.toString('latin1').toUpperCase() === 'DONE') reply.ok('IDLE completed');
      else if (event.kind === 'line' || event.kind === 'fault') reply.bad('Expected DONE');
      else session.end('');
      return;
    }
    if (session.hasNews) await session.tellNews();
    else await session.waitForNews();
  }
}
