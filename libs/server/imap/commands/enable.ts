import { parseEnable } from '#protocol/imap';
import type { Enabled, ImapCommand } from '../command.ts';

const ENABLEABLE: Readonly<Record<string, Enabled>> = { CONDSTORE: 'CONDSTORE', QRESYNC: 'QRESYNC' };

/** RFC 5161: what is unknown is passed over, and only what is switched on by this command is told. */
export const enable: ImapCommand<ReturnType<typeof parseEnable>> = {
  name: 'ENABLE',
  states: ['authenticated', 'selected'],
  usesSequences: false,
  breaksSequences: true,
  rfc: 'RFC 5161 §3.1',
  parse: parseEnable,
  async run(session, { capabilities }, reply) {
    const switched: string[] = [];
    for (const name of capabilities) {
      const what = Object.hasOwn(ENABLEABLE, name) ? ENABLEABLE[name] : undefined;
      if (!what || session.enabled.has(what)) continue;
      session.enable(what);
      switched.push(name);
    }
    session.out.untagged(['ENABLED', ...switched].join(' '));
    reply.ok('ENABLE completed');
  },
};
