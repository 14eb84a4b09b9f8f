import { errorLine, Pop3ClientScanner } from '#protocol/pop3';
import type { SessionProtocol } from '../session/protocol.ts';
import { Pop3Login } from './pop3-login.ts';

/** POP3 at the front door. */
export const pop3: SessionProtocol = {
  kind: 'pop3',
  login: (client) => new Pop3Login(client),
  scanner: () => new Pop3ClientScanner(),
  // After login no command does more the second time: numbers are fixed, and DELE and QUIT find their own work done.
  mayBeSaidAgain: () => true,
  lost: () => errorLine('SYS/TEMP', 'Mail storage was lost while this was being done'),
  // RFC 1939 §3: a server says nothing unasked; a connection that ends deletes nothing.
  farewell: () => '',
  isPrompt: () => false,
  turnedAway: (text) => errorLine('SYS/TEMP', text),
};
