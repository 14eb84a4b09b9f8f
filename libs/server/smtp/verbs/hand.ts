import { SmtpRefusal, type SmtpReply, smtpReply } from '#protocol/smtp';
import { type MessageBody, MessageCutShort } from '../message-body.ts';
import type { OpenTransaction } from '../transaction.ts';
import type { VerbSession } from '../verb.ts';

const FAILED = smtpReply(451, '4.3.0', 'Local error in processing');

/**
 * Lets the backend read the message. What comes back gives the replies once all of it has been received: the backend's,
 * or the refusal of a message that broke a rule further on.
 */
export async function hand(
  session: VerbSession,
  transaction: OpenTransaction,
  body: MessageBody,
): Promise<(body: MessageBody) => readonly SmtpReply[]> {
  const answer = await ask(session, transaction, body);
  body.discard();
  const copies = session.settings.mode === 'lmtp' ? transaction.forwardPaths.length : 1;
  return ({ refusal }) => {
    const reply = refusal ?? answer;
    if (Array.isArray(reply)) return session.settings.mode === 'lmtp' ? reply : reply.slice(0, 1);
    return Array.from({ length: copies }, () => reply as SmtpReply);
  };
}

async function ask(
  session: VerbSession,
  transaction: OpenTransaction,
  body: MessageBody,
): Promise<SmtpReply | readonly SmtpReply[]> {
  await body.ready;
  if (body.failed) {
    session.abort(transaction);
    return FAILED;
  }
  try {
    return await session.backend.data(session.peer, transaction, body);
  } catch (error) {
    if (error instanceof SmtpRefusal) return error.reply;
    if (!(error instanceof MessageCutShort))
      session.logger.error({ err: error, transaction: transaction.id }, 'message could not be taken');
    return FAILED;
  }
}
