import { refuse, smtpReply } from '#protocol/smtp';
import { ALL_MODES, type SmtpVerb } from '../verb.ts';

/** STARTTLS: RFC 3207 §4. */
export const starttls: SmtpVerb = {
  name: 'STARTTLS',
  modes: ALL_MODES,
  syntax: 'STARTTLS',
  run(session, argument) {
    if (argument !== '') refuse(501, '5.5.4', 'Syntax: STARTTLS');
    if (session.peer.tls) refuse(503, '5.5.1', 'TLS is on already');
    if (!session.startTlsOffered) refuse(502, '5.5.1', 'STARTTLS is not offered');
    // RFC 3207 §4.2: nothing learned in the clear counts afterwards.
    session.reset();
    session.peer.helo = '';
    session.peer.extended = false;
    session.peer.identity = null;
    session.upgrade(smtpReply(220, '2.0.0', 'Ready to start TLS'));
    return null;
  },
};
