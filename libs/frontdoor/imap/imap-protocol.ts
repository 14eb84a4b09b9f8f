import { ImapClientScanner } from '#protocol/imap';
import type { CompressOutcome, Farewell, SessionProtocol } from '../session/protocol.ts';
import { ImapLogin } from './imap-login.ts';
import { mayBeSaidAgain } from './repeatable.ts';

const FAREWELLS: Readonly<Record<Farewell, string>> = {
  lost: '* BYE [UNAVAILABLE] Mail storage cannot be reached, connect again\r\n',
  stopping: '* BYE Hub is shutting down, connect again\r\n',
};

/** RFC 4978 §3. */
const COMPRESS_ANSWERS: Readonly<Record<CompressOutcome, string>> = {
  begun: 'OK DEFLATE active',
  active: 'NO [COMPRESSIONACTIVE] DEFLATE is active already',
  limit: 'NO [LIMIT] Too many compressed connections now',
  pipelined: 'NO [CLIENTBUG] Nothing may follow COMPRESS before its answer',
};

/** IMAP at the front door. */
export const imap: SessionProtocol = {
  kind: 'imap',
  login: (client) => new ImapLogin(client),
  scanner: () => new ImapClientScanner(),
  mayBeSaidAgain,
  lost: (tag) =>
    `${tag || '*'} NO [UNAVAILABLE] Mail storage was lost while this was being done; it may not have been\r\n`,
  farewell: (why) => FAREWELLS[why],
  isPrompt: (piece) => piece[0] === 0x2b && piece.indexOf(0x0a) === piece.length - 1,
  hubAnswers: {
    compress: (tag, outcome) => `${tag} ${COMPRESS_ANSWERS[outcome]}\r\n`,
    unauthenticated: (tag) => `${tag} OK Signed out\r\n`,
  },
  turnedAway: (text) => `* BYE [LIMIT] ${text}\r\n`,
};
