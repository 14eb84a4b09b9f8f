import { parseEnable } from '#protocol/imap';
import type { Enabled, ImapCommand } from '../command.ts';

/** What may be switched on, with the name it is told by. */
const ENABLEABLE: ReadonlyMap<string, readonly [Enabled, name: string]> = new Map([
  ['CONDSTORE', ['CONDSTORE', 'CONDSTORE']],
  ['QRESYNC', ['QRESYNC', 'QRESYNC']],
  ['IMAP4REV2', ['IMAP4REV2', 'IMAP4rev2']],
  ['UTF8=ACCEPT', ['UTF8=ACCEPT', 'UTF8=ACCEPT']],
  ['UIDONLY', ['UIDONLY', 'UIDONLY']],
]);

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
    for (const capability of capabilities) {
      const [what, name] = ENABLEABLE.get(capability) ?? [];
      if (!what || !name || session.enabled.has(what)) continue;
      session.enable(what);
      switched.push(name);
    }
    session.out.untagged(['ENABLED', ...switched].join(' '));
    reply.ok('ENABLE completed');
  },
};
