import { parseAuthenticate } from '#protocol/imap';
import { signInBySasl } from '../../session/sasl.ts';
import type { LoginCommand } from '../login-command.ts';

/** RFC 9051 §6.2.2, with the initial response of RFC 4959. */
export const authenticate: LoginCommand = {
  name: 'AUTHENTICATE',
  async run(session, reader) {
    const { mechanism, initialResponse } = parseAuthenticate(reader);
    if (!session.client.loginAllowed) return session.answer('NO [PRIVACYREQUIRED] Use STARTTLS first');
    const ask = (challenge: string): Promise<string | null> => session.ask(challenge);
    const outcome = await signInBySasl(session.client, { mechanism, initialResponse, ask });
    if (outcome.kind === 'failed') session.answer(FAILURES[outcome.why]);
    else await session.conclude(outcome);
  },
};

/** RFC 9051 §6.2.2: BAD for what the mechanism cannot read. */
const FAILURES = {
  unknownMechanism: 'NO Mechanism not offered',
  malformed: 'BAD Initial response is not base64',
  cancelled: 'BAD AUTHENTICATE cancelled',
  notOneself: 'NO [AUTHORIZATIONFAILED] One may only act as oneself',
  channelBinding: 'NO [AUTHENTICATIONFAILED] Channel binding does not match this connection',
  unreadable: 'BAD Authentication exchange cannot be read',
} as const;
