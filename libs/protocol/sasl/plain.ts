import {
  challenge,
  failed,
  IDENTITY_BYTES_MAX,
  PASSWORD_BYTES_MAX,
  RESPONSE_BYTES_MAX,
  type SaslMechanism,
  type SaslStep,
} from './exchange.ts';
import { saslPrep } from './sasl-prep.ts';
import { utf8Text } from './text.ts';

/** RFC 4616. */
export const plain: SaslMechanism = {
  name: 'PLAIN',
  needsTls: true,
  needsChannelBinding: false,
  start: () => ({ step: (response) => (response === null ? challenge('') : readPlain(response)) }),
};

/** RFC 4616 §2: [authzid] NUL authcid NUL passwd, in UTF-8. */
function readPlain(response: Buffer): SaslStep {
  if (response.length > RESPONSE_BYTES_MAX) return failed('tooLong');
  const first = response.indexOf(0);
  const second = first < 0 ? -1 : response.indexOf(0, first + 1);
  if (second < 0) return failed('malformed');
  const authorizationId = utf8Text(response.subarray(0, first), IDENTITY_BYTES_MAX);
  return credentials(authorizationId, response.subarray(first + 1, second), response.subarray(second + 1));
}

/**
 * A name and password that were sent in the clear. Neither may be empty (RFC 4616 §2). The password stays as it was typed:
 * its verifier prepares it (RFC 8265 §4.2), as it did when it was set, and SASLprep would change what that leaves alone.
 */
export function credentials(authorizationId: string | null, name: Buffer, secret: Buffer): SaslStep {
  const username = saslPrep(utf8Text(name, IDENTITY_BYTES_MAX) ?? '');
  const password = utf8Text(secret, PASSWORD_BYTES_MAX);
  if (authorizationId === null || !username || !password) return failed('malformed');
  return { kind: 'credentials', authorizationId, username, password };
}
