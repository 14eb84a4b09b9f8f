import type { SaslFailure } from '#protocol/sasl';
import { type SmtpAuthentication, type SmtpIdentity, type SmtpPeer, type SmtpReply, smtpReply } from '#protocol/smtp';
import type { LoginOutcome } from '../login/authenticator.ts';
import type { SaslSignIn } from '../login/sasl-sign-in.ts';

/** AUTH at the submission ports: RFC 4954, its replies §6. */
export const submissionAuthentication = (sasl: SaslSignIn): SmtpAuthentication => ({
  mechanisms: (peer) => sasl.offered({ channelBindings: bindingsOf(peer) }),
  async run(peer, mechanism, initial, ask) {
    const client = { address: peer.address, protocol: 'submission', channelBindings: bindingsOf(peer) };
    const ended = await sasl.run(client, mechanism, initial, ask);
    switch (ended.kind) {
      case 'identity':
        return replyTo(ended.identity);
      case 'notOffered':
        return smtpReply(504, '5.5.4', 'Mechanism not offered');
      case 'cancelled':
        return smtpReply(501, '5.7.0', 'Authentication cancelled');
      case 'failed':
        return failure(ended.reason);
    }
  },
});

const NO_BINDINGS: ReadonlyMap<string, Buffer> = new Map();
const bindingsOf = ({ tls }: SmtpPeer): ReadonlyMap<string, Buffer> => tls?.channelBindings ?? NO_BINDINGS;

function replyTo(outcome: LoginOutcome): SmtpIdentity | SmtpReply {
  switch (outcome.kind) {
    case 'accepted': {
      const { accountId, email, partnerId } = outcome.route;
      return { accountId, email, partnerId };
    }
    case 'refused':
      return smtpReply(535, '5.7.8', 'Authentication credentials invalid');
    // RFC 5248 §2.4 and its registry: X.7.13 with 525.
    case 'disabled':
      return smtpReply(525, '5.7.13', 'Account is disabled');
    case 'limited':
      return smtpReply(454, '4.7.0', 'Too many failed sign-ins; try again later');
    case 'unavailable':
      return smtpReply(454, '4.7.0', 'Temporary authentication failure');
  }
}

function failure(reason: SaslFailure): SmtpReply {
  switch (reason) {
    case 'malformed':
      return smtpReply(501, '5.5.2', 'Malformed response');
    case 'tooLong':
      return smtpReply(500, '5.5.6', 'Authentication exchange line too long');
    case 'invalidCredentials':
      return smtpReply(535, '5.7.8', 'Authorization identity differs from the authentication identity');
    case 'channelBinding':
    case 'tokenRefused':
      return smtpReply(535, '5.7.8', 'Authentication failed');
  }
}
