import { timingSafeEqual } from 'node:crypto';
import {
  challenge,
  failed,
  RESPONSE_BYTES_MAX,
  type SaslContext,
  type SaslExchange,
  type SaslMechanism,
  type SaslStep,
} from './exchange.ts';
import { hmac, SCRAM_ITERATIONS, SCRAM_ITERATIONS_MIN, type ScramKeys, sha256 } from './scram-keys.ts';
import { type ClientFirst, parseClientFinal, parseClientFirst } from './scram-message.ts';

/** RFC 5802 with RFC 7677's hash. */
export const scramSha256: SaslMechanism = {
  name: 'SCRAM-SHA-256',
  needsTls: false,
  needsChannelBinding: false,
  start: (context) => new ScramExchange(context, false),
};

/** The same, bound to the TLS connection. */
export const scramSha256Plus: SaslMechanism = {
  name: 'SCRAM-SHA-256-PLUS',
  needsTls: true,
  needsChannelBinding: true,
  start: (context) => new ScramExchange(context, true),
};

/** Where an exchange is: each state takes one message of the client. */
type State =
  | { readonly at: 'start' }
  | { readonly at: 'keys' | 'done' }
  | {
      readonly at: 'proof';
      readonly first: ClientFirst;
      readonly keys: ScramKeys;
      readonly isDecoy: boolean;
      readonly nonce: string;
      readonly serverFirst: string;
    }
  /** The server has proven itself; the client has nothing left to say. */
  | { readonly at: 'acknowledge'; readonly first: ClientFirst };

class ScramExchange implements SaslExchange {
  private state: State = { at: 'start' };

  constructor(
    private readonly context: SaslContext,
    private readonly isPlus: boolean,
  ) {}

  step(response: Buffer | null): SaslStep {
    const { state } = this;
    if (response !== null && response.length > RESPONSE_BYTES_MAX) return this.fail('tooLong');
    switch (state.at) {
      case 'start':
        return response === null ? challenge('') : this.readFirst(response);
      case 'proof':
        return response === null ? this.fail('malformed') : this.readFinal(state, response);
      case 'acknowledge': {
        if (response === null || response.length > 0) return this.fail('malformed');
        const { authorizationId, username } = state.first;
        this.state = { at: 'done' };
        return { kind: 'authenticated', authorizationId, username };
      }
      case 'keys':
      case 'done':
        return this.fail('malformed');
    }
  }

  private fail(reason: 'malformed' | 'tooLong' | 'invalidCredentials' | 'channelBinding'): SaslStep {
    this.state = { at: 'done' };
    return failed(reason);
  }

  private readFirst(response: Buffer): SaslStep {
    const first = parseClientFirst(response);
    if (first === null) return this.fail('malformed');
    const { channelBinding } = first;
    const wantsBinding = typeof channelBinding === 'object';
    // RFC 5802 §6: a -PLUS name goes with p= and no other does.
    if (wantsBinding !== this.isPlus) return this.fail('malformed');
    // "y" says that -PLUS was not offered: if it was, somebody took it off the list.
    if (channelBinding === 'y' && this.context.offeredChannelBinding) return this.fail('channelBinding');
    if (wantsBinding && !this.context.channelBindings.has(channelBinding.name)) return this.fail('channelBinding');
    this.state = { at: 'keys' };
    return { kind: 'keys', username: first.username, supply: (keys) => this.sendFirst(first, keys) };
  }

  private sendFirst(first: ClientFirst, known: ScramKeys | null): SaslStep {
    if (this.state.at !== 'keys') return this.fail('malformed');
    const isDecoy = known === null || known.iterations < SCRAM_ITERATIONS_MIN;
    const keys = isDecoy ? this.decoyKeys(first.username) : known;
    const nonce = first.nonce + this.context.random.bytes(18).toString('base64');
    const serverFirst = `r=${nonce},s=${keys.salt.toString('base64')},i=${keys.iterations}`;
    this.state = { at: 'proof', first, keys, isDecoy, nonce, serverFirst };
    return challenge(serverFirst);
  }

  /** Keys nobody's password fits, the same at every attempt, so that asking does not tell who exists. */
  private decoyKeys(username: string): ScramKeys {
    const salt = hmac(this.context.decoySecret, `salt:${username}`).subarray(0, 16);
    const key = hmac(this.context.decoySecret, `key:${username}`);
    return { salt, iterations: SCRAM_ITERATIONS, storedKey: key, serverKey: key };
  }

  private readFinal(state: Extract<State, { at: 'proof' }>, response: Buffer): SaslStep {
    const final = parseClientFinal(response);
    if (final === null || final.nonce !== state.nonce) return this.fail('malformed');
    if (!final.channelBinding.equals(this.expectedBinding(state.first))) return this.fail('channelBinding');
    const signed = `${state.first.bare},${state.serverFirst},${final.withoutProof}`;
    if (!isProof(final.proof, state.keys, signed) || state.isDecoy) return this.fail('invalidCredentials');
    this.state = { at: 'acknowledge', first: state.first };
    return challenge(`v=${hmac(state.keys.serverKey, signed).toString('base64')}`);
  }

  /** RFC 5802 §7, cbind-input: the header the client began with, and the connection's binding when it asked for one. */
  private expectedBinding(first: ClientFirst): Buffer {
    const header = Buffer.from(first.gs2Header, 'utf8');
    if (typeof first.channelBinding === 'string') return header;
    const data = this.context.channelBindings.get(first.channelBinding.name);
    return Buffer.concat([header, data ?? Buffer.alloc(0)]);
  }
}

/** RFC 5802 §3: ClientKey = ClientProof XOR ClientSignature, and its hash is the StoredKey. */
export function isProof(proof: Buffer, keys: ScramKeys, signed: string): boolean {
  const signature = hmac(keys.storedKey, signed);
  if (proof.length !== signature.length) return false;
  const clientKey = Buffer.from(signature.map((byte, i) => byte ^ proof[i]!));
  return timingSafeEqual(sha256(clientKey), keys.storedKey);
}
