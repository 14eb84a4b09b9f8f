import { refuse, smtpReply } from '#protocol/smtp';
import { ALL_MODES, type SmtpVerb } from '../verb.ts';

/** QUIT: RFC 5321 §4.1.1.10. */
export const quit: SmtpVerb = {
  name: 'QUIT',
  modes: ALL_MODES,
  syntax: 'QUIT',
  run(session, argument) {
    if (argument !== '') refuse(501, '5.5.4', 'Syntax: QUIT');
    session.reset();
    session.close();
    return smtpReply(221, '2.0.0', 'Bye');
  },
};
