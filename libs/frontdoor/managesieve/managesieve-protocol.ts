import { formatResponse, ManageSieveScanner } from '#protocol/managesieve';
import type { Farewell, SessionProtocol } from '../session/protocol.ts';
import { ManageSieveLogin } from './managesieve-login.ts';

const FAREWELLS: Readonly<Record<Farewell, string>> = {
  lost: formatResponse('BYE', 'Mail storage cannot be reached, connect again', 'TRYLATER'),
  stopping: formatResponse('BYE', 'Hub is shutting down, connect again', 'TRYLATER'),
};

/** Said twice, these do and answer the same: PUTSCRIPT stores the same script, SETACTIVE finds it active. Not DELETESCRIPT and RENAMESCRIPT, which find their own work done. */
const REPEATABLE = new Set([
  ...['CAPABILITY', 'NOOP', 'LOGOUT', 'HAVESPACE', 'LISTSCRIPTS', 'GETSCRIPT', 'CHECKSCRIPT'],
  ...['PUTSCRIPT', 'SETACTIVE', 'UNAUTHENTICATE'],
]);

/** ManageSieve at the front door. */
export const managesieve: SessionProtocol = {
  kind: 'managesieve',
  login: (client) => new ManageSieveLogin(client),
  scanner: () => new ManageSieveScanner(),
  mayBeSaidAgain: ({ name }) => REPEATABLE.has(name),
  lost: () => formatResponse('NO', 'Mail storage was lost while this was being done; it may not have been', 'TRYLATER'),
  farewell: (why) => FAREWELLS[why],
  isPrompt: () => false,
  hubAnswers: {
    // The protocol has no compression.
    compress: () => '',
    unauthenticated: () => formatResponse('OK', 'Signed out'),
  },
  turnedAway: (text) => formatResponse('BYE', text, 'TRYLATER'),
};
