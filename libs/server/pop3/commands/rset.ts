import { okLine, parseNothing } from '#protocol/pop3';
import type { Pop3Command } from '../command.ts';

/** Takes all marks back. */
export const rset: Pop3Command<void> = {
  name: 'RSET',
  rfc: 'RFC 1939 §5',
  parse: parseNothing,
  run({ maildrop, out }) {
    maildrop.reset();
    out.raw(okLine('Nothing is marked'));
  },
};
