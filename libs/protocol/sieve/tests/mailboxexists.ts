import type { TestDefinition } from '../definition.ts';

export const mailboxexists: TestDefinition = {
  name: 'mailboxexists',
  rfc: 'RFC 5490 §3.1',
  requires: 'mailbox',
  arguments: { positional: ['strings'] },
  *run(run, { arguments: args }) {
    for (const name of run.texts(args.strings(0))) if (!(yield { ask: 'mailbox', name })) return false;
    return true;
  },
};
