import { refuse, type SmtpReply } from '#protocol/smtp';
import { SMTP_MODES, type SmtpVerb, type VerbSession } from '../verb.ts';

/** HELO: RFC 5321 §4.1.1.1. */
export const helo: SmtpVerb = {
  name: 'HELO',
  modes: SMTP_MODES,
  syntax: 'HELO domain',
  run(session, argument): SmtpReply {
    introduce(session, argument, false);
    return { code: 250, text: session.settings.hostname };
  },
};

/**
 * Who the client says it is. RFC 5321 §4.1.4 lets nobody be refused for a name that does not resolve, and names with
 * underscores and worse are common, so anything printable goes.
 */
export function introduce(session: VerbSession, argument: string, extended: boolean): void {
  if (!/^[\x21-\x7e\u0080-\u{10ffff}]{1,255}$/u.test(argument)) refuse(501, '5.5.4', 'Syntax: EHLO hostname');
  // RFC 5321 §4.1.4: a new EHLO clears the state as RSET does.
  session.reset();
  session.peer.helo = argument;
  session.peer.extended = extended;
}
