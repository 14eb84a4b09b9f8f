import { parseAuthenticate } from '#protocol/imap';
import { driveSasl, login, plain, type SaslAuthority, type SaslMechanism } from '#protocol/sasl';
import { err, type Random } from '#stdx';
import type { LoginOutcome } from '../../login/authenticator.ts';
import type { LoginCommand, LoginSession } from '../login-command.ts';

/** What a verifier of Argon2id can check, best first. */
export const MECHANISMS: readonly SaslMechanism[] = [plain, login];

/** RFC 9051 §6.2.2, with the initial response of RFC 4959. */
export const authenticate = (random: Random): LoginCommand => ({
  name: 'AUTHENTICATE',
  async run(session, reader) {
    const { mechanism: name, initialResponse } = parseAuthenticate(reader);
    const mechanism = MECHANISMS.find((one) => one.name === name);
    if (!mechanism) return session.answer('NO Mechanism not offered');
    if (!session.loginAllowed) return session.answer('NO [PRIVACYREQUIRED] Use STARTTLS first');
    const initial = initialResponse === null ? null : decode(initialResponse === '=' ? '' : initialResponse);
    if (initial === 'malformed') return session.answer('BAD Initial response is not base64');
    // Neither mechanism binds channels nor shows salts.
    const context = {
      random,
      channelBindings: new Map<string, Buffer>(),
      offeredChannelBinding: false,
      decoySecret: Buffer.alloc(0),
    };
    const ended = await driveSasl(mechanism.start(context), initial, (data) => ask(session, data), authority(session));
    switch (ended.kind) {
      case 'identity':
        return session.conclude(ended.identity);
      case 'cancelled':
        return session.answer('BAD AUTHENTICATE cancelled');
      case 'failed':
        // RFC 9051 §6.2.2: BAD for what the mechanism cannot read.
        return session.answer(
          ended.reason === 'invalidCredentials'
            ? 'NO [AUTHORIZATIONFAILED] One may only act as oneself'
            : 'BAD Authentication exchange cannot be read',
        );
    }
  },
});

async function ask(session: LoginSession, data: Buffer): Promise<Buffer | null | 'malformed'> {
  const line = await session.ask(data.toString('base64'));
  if (line === null) return null;
  const text = line.toString('latin1');
  return text === '*' ? null : decode(text);
}

const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;
const decode = (text: string): Buffer | 'malformed' => (BASE64.test(text) ? Buffer.from(text, 'base64') : 'malformed');

/** `null` stands for wanting to act as somebody else; every other answer is an outcome of its own. */
const authority = (session: LoginSession): SaslAuthority<LoginOutcome> => ({
  async password(username, password, authorizationId) {
    if (authorizationId !== '' && authorizationId.toLowerCase() !== username.toLowerCase()) return null;
    return session.authenticate(username, password);
  },
  keys: async () => null,
  proven: async () => null,
  token: async () => err({ status: 'invalid_request' }),
});
