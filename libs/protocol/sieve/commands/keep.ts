import type { CommandDefinition } from '../definition.ts';
import { flagsOf } from '../flags.ts';

export const keep: CommandDefinition = {
  name: 'keep',
  rfc: 'RFC 5228 §4.3',
  arguments: { tags: { flags: { requires: 'imap4flags', value: 'strings' } } },
  run(run, { arguments: args }) {
    const flags = flagsOf(run, args.tagStrings('flags'));
    run.add({ kind: 'store', mailbox: null, flags, header: run.header.block() });
    run.implicitKeep = false;
    return 'next';
  },
};
