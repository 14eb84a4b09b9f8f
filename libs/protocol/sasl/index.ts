/** SASL (RFC 4422), server side: pure state machines, driven by SMTP AUTH and IMAP AUTHENTICATE alike. No I/O. */
export { oauthBearer, xoauth2 } from './bearer.ts';
export { channelBindings, type TlsEnd } from './channel-bindings.ts';
export { driveSasl, type SaslAuthority, type SaslOutcome } from './drive.ts';
export type { SaslContext, SaslExchange, SaslFailure, SaslMechanism, SaslStep, TokenError } from './exchange.ts';
export { RESPONSE_BYTES_MAX } from './exchange.ts';
export { login } from './login.ts';
export { SASL_MECHANISMS, saslMechanism } from './mechanisms.ts';
export { plain } from './plain.ts';
export { saslPrep } from './sasl-prep.ts';
export { scramSha256, scramSha256Plus } from './scram.ts';
export {
  deriveScramKeys,
  formatScramKeys,
  parseScramKeys,
  SCRAM_ITERATIONS,
  type ScramKeys,
} from './scram-keys.ts';
