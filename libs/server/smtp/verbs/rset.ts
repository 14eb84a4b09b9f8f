import { refuse, smtpReply } from '#protocol/smtp';
import { ALL_MODES, type SmtpVerb } from '../verb.ts';

const DONE = smtpReply(250, '2.0.0', 'OK');

/** RSET: RFC 5321 §4.1.1.5. */
export const rset: SmtpVerb = {
  name: 'RSET',
  modes: ALL_MODES,
  syntax: 'RSET',
  run(session, argument) {
    if (argument !== '') refuse(501, '5.5.4', 'Syntax: RSET');
    session.reset();
    return DONE;
  },
};
