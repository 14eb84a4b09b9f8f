import { type Result, unreachable } from '#stdx';
import type { SaslExchange, SaslFailure, TokenError } from './exchange.ts';
import type { ScramKeys } from './scram-keys.ts';

/** Who is behind a name: what a protocol server asks of the directory. `authorizationId` is '' when the client asks to be itself. */
export interface SaslAuthority<Identity> {
  /** `null`: wrong password, unknown account, or not allowed to act as `authorizationId`. */
  password(username: string, password: string, authorizationId: string): Promise<Identity | null>;
  /** Keys of an account for SCRAM; `null` when it has none. */
  keys(username: string): Promise<ScramKeys | null>;
  /** After SCRAM has proven the name. */
  proven(username: string, authorizationId: string): Promise<Identity | null>;
  token(token: string, authorizationId: string): Promise<Result<Identity, TokenError>>;
}

/** How an exchange ended. */
export type SaslOutcome<Identity> =
  | { readonly kind: 'identity'; readonly identity: Identity }
  | { readonly kind: 'cancelled' }
  | { readonly kind: 'failed'; readonly reason: SaslFailure };

/**
 * Runs one exchange to its end. `initial` is the decoded initial response, `null` without one. `ask` sends a challenge and
 * resolves with the decoded answer: `null` when the client cancels with `*`, 'malformed' when it was not base64. What the
 * authority throws, this throws.
 */
export async function driveSasl<Identity>(
  exchange: SaslExchange,
  initial: Buffer | null,
  ask: (challenge: Buffer) => Promise<Buffer | null | 'malformed'>,
  authority: SaslAuthority<Identity>,
): Promise<SaslOutcome<Identity>> {
  const known = (identity: Identity | null): SaslOutcome<Identity> =>
    identity === null ? { kind: 'failed', reason: 'invalidCredentials' } : { kind: 'identity', identity };
  let step = exchange.step(initial);
  for (;;) {
    switch (step.kind) {
      case 'challenge': {
        const response = await ask(step.data);
        if (response === null) return { kind: 'cancelled' };
        if (response === 'malformed') return { kind: 'failed', reason: 'malformed' };
        step = exchange.step(response);
        break;
      }
      case 'keys':
        step = step.supply(await authority.keys(step.username));
        break;
      case 'token': {
        const checked = await authority.token(step.token, step.authorizationId);
        if (checked.ok) return known(checked.value);
        step = step.refuse(checked.error);
        break;
      }
      case 'credentials':
        return known(await authority.password(step.username, step.password, step.authorizationId));
      case 'authenticated':
        return known(await authority.proven(step.username, step.authorizationId));
      case 'failed':
        return step;
      default:
        return unreachable(step);
    }
  }
}
