import { login, plain, type SaslContext, type SaslFailure, type SaslMechanism } from '#protocol/sasl';
import { refuse, type SmtpReply, smtpReply } from '#protocol/smtp';
import { seededRandom, unreachable } from '#stdx';
import type { SmtpVerb, VerbSession } from '../verb.ts';

/** What the port's `authenticate` can check: a name with its password. */
const MECHANISMS: readonly SaslMechanism[] = [plain, login];

/** PLAIN and LOGIN use nothing of it. */
const CONTEXT: SaslContext = {
  random: seededRandom(0),
  channelBindings: new Map(),
  offeredChannelBinding: false,
  decoySecret: Buffer.alloc(0),
};

/** What EHLO lists: nothing where a password would cross the wire in the clear (RFC 4954 §4). */
export function authMechanisms(session: VerbSession): readonly string[] {
  const { settings, peer } = session;
  return settings.auth && (peer.tls !== null || settings.plainAuth) ? MECHANISMS.map(({ name }) => name) : [];
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
    const mechanism = MECHANISMS.find((known) => known.name === name.toUpperCase());
    if (!mechanism) refuse(504, '5.5.4', 'Mechanism not offered');
    return await exchange(session, mechanism, initial === undefined ? null : decode(initial));
  },
};

async function exchange(session: VerbSession, mechanism: SaslMechanism, initial: Buffer | null): Promise<SmtpReply> {
  const sasl = mechanism.start(CONTEXT);
  let step = sasl.step(initial);
  while (step.kind === 'challenge') step = sasl.step(await ask(session, step.data));
  switch (step.kind) {
    case 'credentials': {
      const { authorizationId, username, password } = step;
      // Nobody acts for another here: RFC 4616 §2's authorization identity may only repeat the name.
      if (authorizationId !== '' && authorizationId.toLowerCase() !== username.toLowerCase())
        refuse(535, '5.7.8', 'Authorization identity differs from the authentication identity');
      return await signIn(session, username, password);
    }
    case 'failed':
      return refuseFailure(step.reason);
    case 'keys':
    case 'token':
    case 'authenticated':
      throw new Error(`${mechanism.name} asks for ${step.kind}`);
    default:
      return unreachable(step);
  }
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

function refuseFailure(reason: SaslFailure): never {
  switch (reason) {
    case 'malformed':
      return refuse(501, '5.5.2', 'Malformed response');
    case 'tooLong':
      return refuse(500, '5.5.6', 'Authentication exchange line too long');
    case 'invalidCredentials':
    case 'channelBinding':
    case 'tokenRefused':
      return refuse(535, '5.7.8', 'Authentication failed');
  }
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
