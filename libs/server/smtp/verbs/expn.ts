import { refuse } from '#protocol/smtp';
import { ALL_MODES, type SmtpVerb } from '../verb.ts';

/** EXPN: RFC 5321 §4.1.1.7; §7.3 lets a site keep its lists to itself. */
export const expn: SmtpVerb = {
  name: 'EXPN',
  modes: ALL_MODES,
  syntax: 'EXPN string',
  run: () => refuse(502, '5.5.1', 'EXPN is not offered'),
};
