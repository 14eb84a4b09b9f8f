import {
  challenge,
  failed,
  RESPONSE_BYTES_MAX,
  type SaslExchange,
  type SaslMechanism,
  type SaslStep,
  type TokenError,
} from './exchange.ts';
import { identity } from './scram-message.ts';
import { utf8Text } from './text.ts';

/** RFC 7628. */
export const oauthBearer: SaslMechanism = {
  name: 'OAUTHBEARER',
  needsTls: true,
  needsChannelBinding: false,
  start: () => new BearerExchange(readOauthBearer, describeForOauthBearer),
};

/** Google's and Microsoft's forerunner of RFC 7628 (developers.google.com/gmail/imap/xoauth2-protocol). */
export const xoauth2: SaslMechanism = {
  name: 'XOAUTH2',
  needsTls: true,
  needsChannelBinding: false,
  start: () => new BearerExchange(readXoauth2, describeForXoauth2),
};

interface Claim {
  readonly authorizationId: string;
  readonly token: string;
}

/** One message of the client; after a refusal a second one that says nothing. */
class BearerExchange implements SaslExchange {
  private state: 'start' | 'token' | 'refused' | 'done' = 'start';

  constructor(
    private readonly read: (text: string) => Claim | null,
    private readonly describe: (error: TokenError) => string,
  ) {}

  step(response: Buffer | null): SaslStep {
    if (this.state === 'start' && response === null) return challenge('');
    const { state } = this;
    this.state = 'done';
    // RFC 7628 §3.2.3: the client answers the error with a dummy, whatever it is, and the exchange fails.
    if (state === 'refused') return failed('tokenRefused');
    if (state !== 'start' || response === null) return failed('malformed');
    if (response.length > RESPONSE_BYTES_MAX) return failed('tooLong');
    const text = utf8Text(response, RESPONSE_BYTES_MAX);
    const claim = text === null ? null : this.read(text);
    if (claim === null) return failed('malformed');
    this.state = 'token';
    return { kind: 'token', ...claim, refuse: (why) => this.refuse(why) };
  }

  private refuse(why: TokenError): SaslStep {
    if (this.state !== 'token') return failed('malformed');
    this.state = 'refused';
    return challenge(this.describe(why));
  }
}

/** RFC 7628 §3.1: gs2-header, then key=value pairs between ^A. RFC 6750 §2.1: the token. */
const BEARER = /^bearer +([A-Za-z0-9\-._~+/]+=*) *$/i;

function readOauthBearer(text: string): Claim | null {
  const match = /^([ny]|p=[A-Za-z0-9.-]{1,64}),(?:a=([^,\x01]*))?,\x01((?:[A-Za-z]+=[^\x01]*\x01)*)\x01$/.exec(text);
  // RFC 7628 §3.1: no channel binding is defined for a bearer token.
  if (!match || match[1]!.startsWith('p=')) return null;
  const authorizationId = identity(match[2] ?? '');
  const token = tokenOf(match[3]!.split('\x01'));
  return authorizationId === null || token === null ? null : { authorizationId, token };
}

/** `user=` name ^A `auth=Bearer ` token ^A ^A. */
function readXoauth2(text: string): Claim | null {
  if (!text.endsWith('\x01\x01')) return null;
  const pairs = text.slice(0, -2).split('\x01');
  const user = pairs.find((pair) => pair.startsWith('user='))?.slice(5);
  const token = tokenOf(pairs);
  return !user || token === null ? null : { authorizationId: user, token };
}

function tokenOf(pairs: readonly string[]): string | null {
  const value = pairs.find((pair) => /^auth=/i.test(pair))?.slice(5) ?? '';
  return BEARER.exec(value)?.[1] ?? null;
}

/** RFC 7628 §3.2.2. */
function describeForOauthBearer(error: TokenError): string {
  return JSON.stringify({
    status: error.status,
    ...(error.scope !== undefined && { scope: error.scope }),
    ...(error.openIdConfiguration !== undefined && { 'openid-configuration': error.openIdConfiguration }),
  });
}

function describeForXoauth2(error: TokenError): string {
  const status = error.status === 'invalid_request' ? '400' : '401';
  return JSON.stringify({ status, schemes: 'Bearer', ...(error.scope !== undefined && { scope: error.scope }) });
}
