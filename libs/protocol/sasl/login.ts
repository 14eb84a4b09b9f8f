import {
  challenge,
  failed,
  RESPONSE_BYTES_MAX,
  type SaslExchange,
  type SaslMechanism,
  type SaslStep,
} from './exchange.ts';
import { credentials } from './plain.ts';

/** draft-murchison-sasl-login-00, obsolete and still what some mail clients know best. */
export const login: SaslMechanism = {
  name: 'LOGIN',
  needsTls: true,
  needsChannelBinding: false,
  start: () => new LoginExchange(),
};

class LoginExchange implements SaslExchange {
  private username: Buffer | null = null;

  /** An initial response is the user name, as Microsoft's clients send it. Prompts are those every client recognises. */
  step(response: Buffer | null): SaslStep {
    if (response === null) return challenge('Username:');
    if (response.length > RESPONSE_BYTES_MAX) return failed('tooLong');
    if (this.username === null) {
      this.username = Buffer.from(response);
      return challenge('Password:');
    }
    return credentials('', this.username, response);
  }
}
