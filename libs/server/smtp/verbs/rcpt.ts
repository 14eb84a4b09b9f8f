import { checkRcptParameters, isAscii, parseForwardPath, refuse } from '#protocol/smtp';
import { ALL_MODES, type SmtpVerb } from '../verb.ts';
import { parameterRules } from './rules.ts';

/** RCPT: RFC 5321 §4.1.1.3. */
export const rcpt: SmtpVerb = {
  name: 'RCPT',
  modes: ALL_MODES,
  syntax: 'RCPT TO:<address>',
  async run(session, argument) {
    const { transaction, settings, peer } = session;
    if (!transaction || transaction.chunks) refuse(503, '5.5.1', 'Send MAIL first');
    const path = parseForwardPath(argument);
    checkRcptParameters(path.parameters, parameterRules(session));
    if (!peer.smtputf8 && !isAscii(path.address)) refuse(553, '5.6.7', 'Address needs SMTPUTF8');
    // RFC 5321 §4.5.3.1.10: 452, so that the client sends the rest in another transaction.
    if (transaction.forwardPaths.length >= settings.limits.recipientsMax) refuse(452, '4.5.3', 'Too many recipients');
    const reply = await session.backend.rcpt(peer, transaction, path);
    if (reply.code < 400) transaction.forwardPaths.push(path);
    return reply;
  },
};
