import type { CommandDefinition } from '../definition.ts';
import { flagsOf } from '../flags.ts';

/** A mailbox that is not there is made, as RFC 5228 §4.1 allows: `:create` (RFC 5490 §3.2) asks for no more. */
export const fileinto: CommandDefinition = {
  name: 'fileinto',
  rfc: 'RFC 5228 §4.1',
  requires: 'fileinto',
  arguments: {
    tags: {
      copy: { requires: 'copy' },
      create: { requires: 'mailbox' },
      flags: { requires: 'imap4flags', value: 'strings' },
      specialuse: { requires: 'special-use', value: 'string' },
    },
    positional: ['string'],
  },
  *run(run, { arguments: args }) {
    const named = run.text(args.string(0));
    const use = args.tagString('specialuse');
    const used = use === undefined ? null : yield { ask: 'specialUse', use: run.text(use) };
    const mailbox = typeof used === 'string' ? used : named;
    run.add({
      kind: 'store',
      mailbox: mailbox.toUpperCase() === 'INBOX' ? null : mailbox,
      flags: flagsOf(run, args.tagStrings('flags')),
      header: run.header.block(),
    });
    if (!args.has('copy')) run.implicitKeep = false;
    return 'next';
  },
};
