import { okLine, parseNothing } from '#protocol/pop3';
import type { Pop3Command } from '../command.ts';

/** A sign of life. */
export const noop: Pop3Command<void> = {
  name: 'NOOP',
  rfc: 'RFC 1939 §5',
  parse: parseNothing,
  run: ({ out }) => out.raw(okLine('Still here')),
};
