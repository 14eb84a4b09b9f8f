import type { TestDefinition } from '../definition.ts';
import type { SieveMailbox } from '../question.ts';

export const specialuseExists: TestDefinition = {
  name: 'specialuse_exists',
  rfc: 'RFC 8579 §3',
  requires: 'special-use',
  arguments: { positional: ['string', 'strings'], optional: 1 },
  *run(run, { arguments: args }) {
    const uses = run.texts(args.strings(args.count - 1));
    if (args.count === 1) {
      for (const use of uses) if (!(yield { ask: 'specialUse', use })) return false;
      return true;
    }
    const mailbox = (yield { ask: 'mailbox', name: run.text(args.string(0)) }) as SieveMailbox | null;
    const has = mailbox?.uses.map((use) => use.toLowerCase());
    return has !== undefined && uses.every((use) => has.includes(use.toLowerCase()));
  },
};
