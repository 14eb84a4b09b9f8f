import { driveSasl, login, plain, type SaslAuthority } from '#protocol/sasl';
import type { SmtpAuthentication, SmtpIdentity, SmtpReply } from '#protocol/smtp';
import { err, seededRandom } from '#stdx';

/** SASL over a check of names and passwords, as a backend would have it. */
export function passwordAuthentication(
  check: (username: string, password: string) => SmtpIdentity | SmtpReply,
): SmtpAuthentication {
  const context = {
    random: seededRandom(0),
    channelBindings: new Map(),
    offeredChannelBinding: false,
    decoySecret: Buffer.alloc(0),
  };
  const authority: SaslAuthority<SmtpIdentity | SmtpReply> = {
    password: async (username, password, authorizationId) =>
      authorizationId === '' || authorizationId === username ? check(username, password) : null,
    keys: async () => null,
    proven: async () => null,
    token: async () => err({ status: 'invalid_request' }),
  };
  return {
    mechanisms: () => ['PLAIN', 'LOGIN'],
    async run(_peer, mechanism, initial, ask) {
      const exchange = (mechanism === 'PLAIN' ? plain : login).start(context);
      const ended = await driveSasl(exchange, initial, ask, authority);
      if (ended.kind === 'identity') return ended.identity;
      return ended.kind === 'failed' && ended.reason === 'invalidCredentials'
        ? { code: 535, enhanced: '5.7.8', text: 'Authorization identity differs' }
        : { code: 501, enhanced: '5.5.2', text: 'Malformed response' };
    },
  };
}
