import type { SmtpReply } from '#protocol/smtp';
import { SMTP_MODES, type SmtpVerb, type VerbSession } from '../verb.ts';
import { authMechanisms } from './auth.ts';
import { introduce } from './helo.ts';

/** EHLO: RFC 5321 §4.1.1.1. */
export const ehlo: SmtpVerb = {
  name: 'EHLO',
  modes: SMTP_MODES,
  syntax: 'EHLO domain',
  run(session, argument) {
    introduce(session, argument, true);
    return capabilities(session);
  },
};

/** What this session can do at this moment: STARTTLS and AUTH come and go. */
export function capabilities(session: VerbSession): SmtpReply {
  const { settings } = session;
  const text = [
    settings.hostname,
    'PIPELINING', // RFC 2920.
    `SIZE ${settings.limits.messageBytesMax}`, // RFC 1870.
    '8BITMIME', // RFC 6152.
    'SMTPUTF8', // RFC 6531.
    'CHUNKING', // RFC 3030.
    'ENHANCEDSTATUSCODES', // RFC 2034.
  ];
  if (settings.dsn) text.push('DSN'); // RFC 3461.
  if (session.startTlsOffered) text.push('STARTTLS'); // RFC 3207.
  const mechanisms = authMechanisms(session);
  if (mechanisms.length > 0) text.push(`AUTH ${mechanisms.join(' ')}`); // RFC 4954.
  return { code: 250, text };
}
