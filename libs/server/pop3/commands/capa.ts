import { capabilities, listing, parseNothing } from '#protocol/pop3';
import type { Pop3Command } from '../command.ts';

/** What a signed-in client may use. */
export const capa: Pop3Command<void> = {
  name: 'CAPA',
  rfc: 'RFC 2449 §5',
  parse: parseNothing,
  run: ({ out }) => out.raw(listing('Capabilities', capabilities({ beforeLogin: null }))),
};
