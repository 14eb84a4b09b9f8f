import type { SmtpReply } from '#protocol/smtp';
import type { SmtpMode } from '../settings.ts';
import { ALL_MODES, type SmtpVerb } from '../verb.ts';

/** HELP (RFC 5321 §4.1.1.8) over the verbs of one table. */
export const help = (verbs: readonly SmtpVerb[]): SmtpVerb => ({
  name: 'HELP',
  modes: ALL_MODES,
  syntax: 'HELP [verb]',
  run(session, argument): SmtpReply {
    const known = ofMode(verbs, session.settings.mode);
    const one = known.find((verb) => verb.name === argument.toUpperCase());
    if (one) return { code: 214, enhanced: '2.0.0', text: `Syntax: ${one.syntax}` };
    return { code: 214, enhanced: '2.0.0', text: `Commands: ${known.map((verb) => verb.name).join(' ')} HELP` };
  },
});

const ofMode = (verbs: readonly SmtpVerb[], mode: SmtpMode): readonly SmtpVerb[] =>
  verbs.filter((verb) => verb.modes.includes(mode));
