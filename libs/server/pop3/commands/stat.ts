import { okLine, parseNothing } from '#protocol/pop3';
import type { Pop3Command } from '../command.ts';

/** How many messages, and how many octets; those marked deleted are not counted. */
export const stat: Pop3Command<void> = {
  name: 'STAT',
  rfc: 'RFC 1939 §5',
  parse: parseNothing,
  run({ maildrop, out }) {
    const { count, octets } = maildrop.totals();
    out.raw(okLine(`${count} ${octets}`));
  },
};
