import { smtpReply } from '#protocol/smtp';
import { ALL_MODES, type SmtpVerb } from '../verb.ts';

const DONE = smtpReply(250, '2.0.0', 'OK');

/** NOOP: RFC 5321 §4.1.1.9. Its argument is ignored, as the text asks. */
export const noop: SmtpVerb = { name: 'NOOP', modes: ALL_MODES, syntax: 'NOOP [string]', run: () => DONE };
