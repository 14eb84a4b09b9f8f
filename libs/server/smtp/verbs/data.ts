import { refuse } from '#protocol/smtp';
import { StuffedReceiver } from '../receiver.ts';
import { ALL_MODES, type SmtpVerb } from '../verb.ts';
import { hand } from './hand.ts';

const GO_AHEAD = { code: 354, text: 'End data with <CR><LF>.<CR><LF>' };

/** DATA: RFC 5321 §4.1.1.4; in LMTP a reply for each recipient, RFC 2033 §4.2. */
export const data: SmtpVerb = {
  name: 'DATA',
  modes: ALL_MODES,
  syntax: 'DATA',
  async run(session, argument) {
    const { transaction, settings } = session;
    if (argument !== '') refuse(501, '5.5.4', 'Syntax: DATA');
    if (!transaction || transaction.chunks) refuse(503, '5.5.1', 'Send MAIL first');
    if (transaction.forwardPaths.length === 0) refuse(503, '5.5.1', 'No valid recipients');
    session.send(GO_AHEAD);
    const body = session.newBody();
    const received = session.receive(new StuffedReceiver(body, settings.limits.messageBytesMax, settings.bareLineEnds));
    const replies = await hand(session, transaction, body);
    await received;
    session.transaction = null;
    return replies(body);
  },
};
