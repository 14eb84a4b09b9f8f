import type { ManageSieveCommand } from '../command.ts';
import { assertValid } from '../validity.ts';

export const checkscript: ManageSieveCommand = {
  name: 'CHECKSCRIPT',
  rfc: 'RFC 5804 §2.12',
  arguments: ['script'],
  run(session, args) {
    assertValid(args.bytes(0), session.limits.sieve);
    return { text: 'The script is valid' };
  },
};
