import type { TestDefinition } from '../definition.ts';
import type { Asking } from '../question.ts';

/** Whether all of the annotations are there. */
function* exist(mailbox: string | null, entries: readonly string[]): Asking<boolean> {
  for (const entry of entries) if ((yield { ask: 'annotation', mailbox, entry }) === null) return false;
  return true;
}

export const metadataexists: TestDefinition = {
  name: 'metadataexists',
  rfc: 'RFC 5490 §3.4',
  requires: 'mboxmetadata',
  arguments: { positional: ['string', 'strings'] },
  run: (run, { arguments: args }) => exist(run.text(args.string(0)), run.texts(args.strings(1))),
};

export const servermetadataexists: TestDefinition = {
  name: 'servermetadataexists',
  rfc: 'RFC 5490 §4.4',
  requires: 'servermetadata',
  arguments: { positional: ['strings'] },
  run: (run, { arguments: args }) => exist(null, run.texts(args.strings(0))),
};
