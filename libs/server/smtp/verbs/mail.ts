import { checkMailParameters, isAscii, parseReversePath, refuse } from '#protocol/smtp';
import { ALL_MODES, type SmtpVerb } from '../verb.ts';
import { parameterRules } from './rules.ts';

/** MAIL: RFC 5321 §4.1.1.2; SIZE, RFC 1870 §6.1; SMTPUTF8, RFC 6531 §3.4; AUTH=, RFC 4954 §5. */
export const mail: SmtpVerb = {
  name: 'MAIL',
  modes: ALL_MODES,
  syntax: 'MAIL FROM:<address>',
  async run(session, argument) {
    const { settings, peer } = session;
    if (peer.helo === '') refuse(503, '5.5.1', `Send ${settings.mode === 'lmtp' ? 'LHLO' : 'EHLO'} first`);
    if (session.transaction) refuse(503, '5.5.1', 'A transaction is open already');
    if (settings.mode === 'submission' && !peer.identity) refuse(530, '5.7.0', 'Authentication required');
    const path = parseReversePath(argument);
    checkMailParameters(path.parameters, parameterRules(session));
    const smtputf8 = path.parameters.has('SMTPUTF8');
    // RFC 6531 §3.5.
    if (!smtputf8 && !isAscii(path.address)) refuse(553, '5.6.7', 'Address needs SMTPUTF8');
    const { messageBytesMax } = settings.limits;
    if (Number(path.parameters.get('SIZE') ?? 0) > messageBytesMax)
      refuse(552, '5.3.4', `Message exceeds ${messageBytesMax} bytes`);
    const transaction = session.begin(path);
    peer.smtputf8 = smtputf8;
    const reply = await session.backend.mail(peer, transaction).catch((error: unknown) => {
      session.transaction = null;
      throw error;
    });
    if (reply.code >= 400) session.transaction = null;
    return reply;
  },
};
