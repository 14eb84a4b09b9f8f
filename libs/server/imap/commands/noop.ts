import { parseNothing } from '#protocol/imap';
import type { ImapCommand } from '../command.ts';

export const noop: ImapCommand<null> = {
  name: 'NOOP',
  states: ['authenticated', 'selected'],
  usesSequences: false,
  breaksSequences: true,
  rfc: 'RFC 9051 §6.1.2',
  parse: parseNothing,
  async run(_session, _, reply) {
    reply.ok('NOOP completed');
  },
};

/** The store has nothing to checkpoint: everything answered is durable. */
export const check: ImapCommand<null> = {
  ...noop,
  name: 'CHECK',
  states: ['selected'],
  rfc: 'RFC 3501 §6.4.1',
  async run(_session, _, reply) {
    reply.ok('CHECK completed');
  },
};
