import { okLine, parseMessageNumber } from '#protocol/pop3';
import type { Pop3Command } from '../command.ts';

/** Marks a message; QUIT deletes it. */
export const dele: Pop3Command<number> = {
  name: 'DELE',
  rfc: 'RFC 1939 §5',
  parse: parseMessageNumber,
  run({ maildrop, out }, number) {
    maildrop.delete(number);
    out.raw(okLine('Marked to be deleted'));
  },
};
