import { type Cursor, type MailboxFault, readDomain, readMailbox } from './address.ts';
import type { SmtpPath } from './backend.ts';
import { parseParameters } from './parameters.ts';
import { refuse, SmtpRefusal, smtpReply } from './reply.ts';

/** MAIL's argument, `FROM:<…> parameters` (RFC 5321 §4.1.1.2). Throws `SmtpRefusal`. */
export function parseReversePath(argument: string): SmtpPath {
  const cursor = afterKeyword(argument, 'FROM:', 'MAIL FROM:<address>');
  const address = readPath(cursor, true, '5.1.7');
  return { address, parameters: parseParameters(cursor) };
}

/** RCPT's argument, `TO:<…> parameters` (RFC 5321 §4.1.1.3). Throws `SmtpRefusal`. */
export function parseForwardPath(argument: string): SmtpPath {
  const cursor = afterKeyword(argument, 'TO:', 'RCPT TO:<address>');
  const address = readPath(cursor, false, '5.1.3');
  return { address, parameters: parseParameters(cursor) };
}

function afterKeyword(argument: string, keyword: string, syntax: string): Cursor {
  if (argument.slice(0, keyword.length).toUpperCase() !== keyword) refuse(501, '5.5.4', `Syntax: ${syntax}`);
  const cursor = { text: argument, at: keyword.length };
  // RFC 5321 §3.3 forbids a space here, but clients that send one are common and nothing is ambiguous.
  while (cursor.text[cursor.at] === ' ') cursor.at++;
  if (cursor.text[cursor.at] !== '<') refuse(501, '5.5.4', `Syntax: ${syntax}`);
  return cursor;
}

/** From `<` to past `>`. */
function readPath(cursor: Cursor, reverse: boolean, enhanced: string): string {
  cursor.at++;
  if (reverse && cursor.text[cursor.at] === '>') {
    cursor.at++;
    return '';
  }
  // RFC 5321 §4.1.1.3: `<Postmaster>` is the one recipient that needs no domain.
  const bare = /^postmaster(?=>)/i.exec(cursor.text.slice(cursor.at, cursor.at + 11));
  if (!reverse && bare) {
    cursor.at += 11;
    return bare[0];
  }
  if (!skipSourceRoute(cursor)) refuse(501, enhanced, 'Bad source route');
  const start = cursor.at;
  const outcome = readMailbox(cursor);
  if (outcome !== 'ok') throw mailboxRefusal(outcome, enhanced);
  const address = cursor.text.slice(start, cursor.at);
  if (cursor.text[cursor.at] !== '>') refuse(501, enhanced, 'Bad address syntax');
  cursor.at++;
  return address;
}

/** RFC 5321 §4.1.2 A-d-l: accepted, and ignored as appendix C asks. */
function skipSourceRoute(cursor: Cursor): boolean {
  if (cursor.text[cursor.at] !== '@') return true;
  for (;;) {
    cursor.at++;
    if (readDomain(cursor) === null) return false;
    const next = cursor.text[cursor.at];
    if (next === ':') {
      cursor.at++;
      return true;
    }
    if (next !== ',' || cursor.text[++cursor.at] !== '@') return false;
  }
}

function mailboxRefusal(fault: MailboxFault, enhanced: string): SmtpRefusal {
  switch (fault) {
    case 'localPart':
      return new SmtpRefusal(smtpReply(501, enhanced, 'Bad address syntax: local part'));
    case 'domain':
      return new SmtpRefusal(smtpReply(501, enhanced, 'Bad address syntax: domain'));
    case 'tooLong':
      return new SmtpRefusal(smtpReply(501, enhanced, 'Path too long'));
  }
}
