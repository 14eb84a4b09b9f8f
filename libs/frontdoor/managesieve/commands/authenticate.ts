import { type SaslFailure, signInBySasl } from '../../session/sasl.ts';
import { type LoginCommand, stringsOf } from '../login-command.ts';

/** RFC 5804 §2.1. */
export const authenticate: LoginCommand = {
  name: 'AUTHENTICATE',
  async run(session, args) {
    const [mechanism, initial = null] = stringsOf(args, 1, 2) ?? [];
    if (mechanism === undefined) return session.answer('NO', 'AUTHENTICATE takes a mechanism, and perhaps a response');
    if (!session.client.loginAllowed) return session.answer('NO', 'Use STARTTLS first', 'ENCRYPT-NEEDED');
    // An empty initial response is "" here, "=" in the profiles the exchange knows.
    const initialResponse = initial === '' ? '=' : initial;
    const ask = (challenge: string): Promise<string | null> => session.ask(challenge);
    const outcome = await signInBySasl(session.client, { mechanism: mechanism.toUpperCase(), initialResponse, ask });
    if (outcome.kind === 'failed') session.answer('NO', ...FAILURES[outcome.why]);
    else await session.conclude(outcome);
  },
};

const FAILURES: Readonly<Record<SaslFailure, readonly [string]>> = {
  unknownMechanism: ['Mechanism not offered'],
  malformed: ['Initial response is not base64'],
  cancelled: ['AUTHENTICATE cancelled'],
  notOneself: ['One may only act as oneself'],
  channelBinding: ['Channel binding does not match this connection'],
  unreadable: ['Authentication exchange cannot be read'],
};
