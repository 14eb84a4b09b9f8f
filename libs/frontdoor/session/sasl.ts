import type { LoginOutcome } from '../login/authenticator.ts';
import type { LoginClient } from './protocol.ts';

/** How an exchange came to nothing; `notOneself`: the client wants to act as somebody else. */
export type SaslFailure =
  | 'unknownMechanism'
  | 'malformed'
  | 'cancelled'
  | 'notOneself'
  | 'channelBinding'
  | 'unreadable';

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
): Promise<LoginOutcome | { readonly kind: 'failed'; readonly why: SaslFailure }> {
  const given = exchange.initialResponse;
  const initial = given === null ? null : decode(given === '=' ? '' : given);
  if (initial === 'malformed') return failed('malformed');
  const ended = await client.authenticateBySasl(exchange.mechanism, initial, async (challenge) => {
    const line = await exchange.ask(challenge.toString('base64'));
    return line === null || line === '*' ? null : decode(line);
  });
  switch (ended.kind) {
    case 'identity':
      return ended.identity;
    case 'notOffered':
      return failed('unknownMechanism');
    case 'cancelled':
      return failed('cancelled');
    case 'failed':
      if (ended.reason === 'channelBinding') return failed('channelBinding');
      return failed(ended.reason === 'invalidCredentials' ? 'notOneself' : 'unreadable');
  }
}

const failed = (why: SaslFailure) => ({ kind: 'failed', why }) as const;

const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;
const decode = (text: string): Buffer | 'malformed' => (BASE64.test(text) ? Buffer.from(text, 'base64') : 'malformed');
