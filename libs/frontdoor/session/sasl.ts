import { driveSasl, login, plain, type SaslAuthority, type SaslMechanism } from '#protocol/sasl';
import { err, type Random } from '#stdx';
import type { LoginOutcome } from '../login/authenticator.ts';
import type { LoginClient } from './protocol.ts';

/** What a verifier of Argon2id can check, best first. */
const MECHANISMS: readonly SaslMechanism[] = [plain, login];

/** SASL mechanisms by name, best first. */
export const MECHANISM_NAMES: readonly string[] = MECHANISMS.map(({ name }) => name);

/** How an exchange came to nothing; `notOneself`: the client wants to act as somebody else. */
type SaslFailure = 'unknownMechanism' | 'malformed' | 'cancelled' | 'notOneself' | 'unreadable';

/**
 * Signs in by a SASL mechanism (RFC 4422): the outcome to conclude with, or why there is none. `initialResponse` is base64,
 * '=' for an empty one, `null` when there was none. `ask` sends base64 and resolves with the base64 that answers it.
 */
export async function signInBySasl(
  client: LoginClient,
  exchange: {
    readonly mechanism: string;
    readonly initialResponse: string | null;
    ask(challenge: string): Promise<string | null>;
  },
  random: Random,
): Promise<LoginOutcome | { readonly kind: 'failed'; readonly why: SaslFailure }> {
  const mechanism = MECHANISMS.find(({ name }) => name === exchange.mechanism.toUpperCase());
  if (!mechanism) return failed('unknownMechanism');
  const given = exchange.initialResponse;
  const initial = given === null ? null : decode(given === '=' ? '' : given);
  if (initial === 'malformed') return failed('malformed');
  // Neither mechanism binds channels nor shows salts.
  const context = {
    random,
    channelBindings: new Map<string, Buffer>(),
    offeredChannelBinding: false,
    decoySecret: Buffer.alloc(0),
  };
  const ask = async (data: Buffer): Promise<Buffer | null | 'malformed'> => {
    const line = await exchange.ask(data.toString('base64'));
    return line === null || line === '*' ? null : decode(line);
  };
  const ended = await driveSasl(mechanism.start(context), initial, ask, authority(client));
  if (ended.kind === 'identity') return ended.identity;
  if (ended.kind === 'cancelled') return failed('cancelled');
  return failed(ended.reason === 'invalidCredentials' ? 'notOneself' : 'unreadable');
}

const failed = (why: SaslFailure) => ({ kind: 'failed', why }) as const;

const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;
const decode = (text: string): Buffer | 'malformed' => (BASE64.test(text) ? Buffer.from(text, 'base64') : 'malformed');

/** `null` stands for wanting to act as somebody else; every other answer is an outcome of its own. */
const authority = (client: LoginClient): SaslAuthority<LoginOutcome> => ({
  async password(username, password, authorizationId) {
    if (authorizationId !== '' && authorizationId.toLowerCase() !== username.toLowerCase()) return null;
    return client.authenticate(username, password);
  },
  keys: async () => null,
  proven: async () => null,
  token: async () => err({ status: 'invalid_request' }),
});
