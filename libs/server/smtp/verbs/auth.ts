import { refuse, type SmtpReply, smtpReply } from '#protocol/smtp';
import { type SmtpVerb, type VerbSession } from '../verb.ts';
import { exchanges } from './mechanisms.ts';

/** What EHLO lists: nothing where a password would cross the wire in the clear (RFC 4954 §4). */
export function authMechanisms(session: VerbSession): readonly string[] {
  const { settings, peer } = session;
  return settings.auth && (peer.tls !== null || settings.plainAuth) ? Object.keys(exchanges) : [];
}

/** AUTH: RFC 4954 §4. */
export const auth: SmtpVerb = {
  name: 'AUTH',
  modes: ['submission'],
  syntax: 'AUTH mechanism [initial-response]',
  async run(session, argument) {
    const { settings, peer, transaction } = session;
    if (!settings.auth) refuse(502, '5.5.1', 'AUTH is not offered');
    if (peer.helo === '') refuse(503, '5.5.1', 'Send EHLO first');
    if (peer.identity) refuse(503, '5.5.1', 'Authenticated already');
    if (transaction) refuse(503, '5.5.1', 'Not during a transaction');
    if (authMechanisms(session).length === 0) refuse(538, '5.7.11', 'Encryption required: use STARTTLS');
    const [name = '', initial, ...more] = argument.split(' ');
    if (name === '' || more.length > 0) refuse(501, '5.5.4', 'Syntax: AUTH mechanism [initial-response]');
    const exchange = Object.hasOwn(exchanges, name.toUpperCase()) ? exchanges[name.toUpperCase()] : undefined;
    if (!exchange) refuse(504, '5.5.4', 'Mechanism not offered');
    const credentials = await exchange((challenge) => ask(session, challenge), initial);
    return await signIn(session, credentials.username, credentials.password);
  },
};

/** Sends a challenge, reads the response; both base64 (RFC 4954 §4). */
async function ask(session: VerbSession, challenge: string): Promise<string> {
  const line = await session.prompt({ code: 334, text: Buffer.from(challenge).toString('base64') });
  if (line === null) refuse(500, '5.5.6', 'Authentication exchange line too long');
  const text = line.toString('latin1');
  if (text === '*') refuse(501, '5.7.0', 'Authentication cancelled');
  return text;
}

async function signIn(session: VerbSession, username: string, password: string): Promise<SmtpReply> {
  const outcome = await session.backend.authenticate!(session.peer, username, password);
  if (!('code' in outcome)) {
    session.peer.identity = outcome;
    session.authFailures = 0;
    return smtpReply(235, '2.7.0', 'Authentication succeeded');
  }
  if (outcome.code < 500) return outcome;
  session.authFailures++;
  session.logger.info({ username, code: outcome.code }, 'sign-in refused');
  if (session.authFailures < session.settings.limits.authFailuresMax) return outcome;
  session.close();
  return smtpReply(421, '4.7.0', 'Too many failed sign-ins');
}
