import { refuse, smtpReply } from '#protocol/smtp';
import { ALL_MODES, type SmtpVerb } from '../verb.ts';

/** VRFY: RFC 5321 §4.1.1.6, answered as §3.5.3 allows: who lives here is nobody's business. */
export const vrfy: SmtpVerb = {
  name: 'VRFY',
  modes: ALL_MODES,
  syntax: 'VRFY string',
  run(_session, argument) {
    if (argument === '') refuse(501, '5.5.4', 'Syntax: VRFY string');
    return smtpReply(252, '2.1.5', 'Cannot verify, but will take a message and try to deliver it');
  },
};
