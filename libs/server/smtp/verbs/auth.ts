import { refuse, type SmtpAuthentication, type SmtpReply, smtpReply } from '#protocol/smtp';
import { present } from '#stdx';
import type { SmtpVerb, VerbSession } from '../verb.ts';

/** What EHLO lists: nothing where a password would cross the wire in the clear (RFC 4954 §4). */
export function authMechanisms(session: VerbSession): readonly string[] {
  const { settings, peer } = session;
  return settings.auth && (peer.tls !== null || settings.plainAuth) ? authentication(session).mechanisms(peer) : [];
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
    const mechanisms = authMechanisms(session);
    if (mechanisms.length === 0) refuse(538, '5.7.11', 'Encryption required: use STARTTLS');
    const [given = '', initial, ...more] = argument.split(' ');
    if (given === '' || more.length > 0) refuse(501, '5.5.4', 'Syntax: AUTH mechanism [initial-response]');
    const mechanism = mechanisms.find((name) => name === given.toUpperCase());
    if (mechanism === undefined) refuse(504, '5.5.4', 'Mechanism not offered');
    return await signIn(session, mechanism, initial === undefined ? null : decode(initial));
  },
};

/** RFC 4954 §6, RFC 5248 §2.4: wrong, or disabled. What was not understood, or could not be checked, is no failed sign-in. */
const REFUSED: ReadonlySet<number> = new Set([525, 535]);

async function signIn(session: VerbSession, mechanism: string, initial: Buffer | null): Promise<SmtpReply> {
  const outcome = await authentication(session).run(session.peer, mechanism, initial, (data) => ask(session, data));
  if (!('code' in outcome)) {
    session.peer.identity = outcome;
    session.authFailures = 0;
    return smtpReply(235, '2.7.0', 'Authentication succeeded');
  }
  if (!REFUSED.has(outcome.code)) return outcome;
  session.authFailures++;
  session.logger.info({ mechanism, code: outcome.code }, 'sign-in refused');
  if (session.authFailures < session.settings.limits.authFailuresMax) return outcome;
  session.close();
  return smtpReply(421, '4.7.0', 'Too many failed sign-ins');
}

/** Sends a challenge, reads the response; both base64 (RFC 4954 §4). */
async function ask(session: VerbSession, challenge: Buffer): Promise<Buffer> {
  const line = await session.prompt({ code: 334, text: challenge.toString('base64') });
  if (line === null) refuse(500, '5.5.6', 'Authentication exchange line too long');
  const text = line.toString('latin1');
  if (text === '*') refuse(501, '5.7.0', 'Authentication cancelled');
  return decode(text);
}

/** RFC 4954 §4: base64, or `=` for an empty initial response. */
function decode(text: string): Buffer {
  if (text === '=') return Buffer.alloc(0);
  if (text.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(text)) refuse(501, '5.5.2', 'Not base64');
  return Buffer.from(text, 'base64');
}

const authentication = ({ backend }: VerbSession): SmtpAuthentication =>
  present(backend.authentication, 'authentication');
