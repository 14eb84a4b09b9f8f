import { oauthBearer, xoauth2 } from './bearer.ts';
import type { SaslMechanism } from './exchange.ts';
import { login } from './login.ts';
import { plain } from './plain.ts';
import { scramSha256, scramSha256Plus } from './scram.ts';

/** Every mechanism, the one a client should prefer first. */
export const SASL_MECHANISMS: readonly SaslMechanism[] = [
  scramSha256Plus,
  scramSha256,
  oauthBearer,
  xoauth2,
  plain,
  login,
];

/** The mechanism of a name, in any case (RFC 4422 §3.1 has them upper case; clients vary); `null` when there is none. */
export function saslMechanism(name: string): SaslMechanism | null {
  const wanted = name.toUpperCase();
  return SASL_MECHANISMS.find((mechanism) => mechanism.name === wanted) ?? null;
}
