import { errorLine, listing, parseAuth } from '#protocol/pop3';
import { signInBySasl } from '../../session/sasl.ts';
import type { LoginCommand } from '../login-command.ts';
import { PRIVACY_REQUIRED } from './user.ts';

/** RFC 5034 §4. */
export const auth: LoginCommand = {
  name: 'AUTH',
  async run(session, rest) {
    const { mechanism, initialResponse } = parseAuth(rest);
    if (!session.client.loginAllowed) return session.answer(PRIVACY_REQUIRED);
    // Clients older than RFC 5034 ask for the mechanisms so.
    if (mechanism === null) return session.answer(listing('Mechanisms', session.client.mechanisms));
    const ask = (challenge: string): Promise<string | null> => session.ask(challenge);
    const outcome = await signInBySasl(session.client, { mechanism, initialResponse, ask });
    if (outcome.kind === 'failed') session.answer(errorLine(null, FAILURES[outcome.why]));
    else await session.conclude(outcome);
  },
};

const FAILURES = {
  unknownMechanism: 'Mechanism not offered',
  malformed: 'Initial response is not base64',
  cancelled: 'AUTH cancelled',
  notOneself: 'One may only act as oneself',
  channelBinding: 'Channel binding does not match this connection',
  unreadable: 'Authentication exchange cannot be read',
} as const;
