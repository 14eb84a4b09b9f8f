import { refuse, type SmtpReply, smtpReply } from '#protocol/smtp';
import { ChunkedText, CountedReceiver } from '../receiver.ts';
import type { OpenTransaction } from '../transaction.ts';
import { ALL_MODES, type SmtpVerb, type VerbSession } from '../verb.ts';
import { hand } from './hand.ts';

/** BDAT: RFC 3030 §2. Its bytes are taken off the input whatever becomes of the command. */
export const bdat: SmtpVerb = {
  name: 'BDAT',
  modes: ALL_MODES,
  syntax: 'BDAT size [LAST]',
  async run(session, argument) {
    const chunk = parseChunk(argument);
    const { transaction, settings } = session;
    if (!chunk || chunk.bytes > 2 * settings.limits.messageBytesMax) {
      // Where the next command begins can no longer be known, and to guess is to take data for commands.
      session.close();
      return chunk
        ? smtpReply(552, '5.3.4', `Message exceeds ${settings.limits.messageBytesMax} bytes`)
        : smtpReply(501, '5.5.4', 'Syntax: BDAT size [LAST]');
    }
    if (!transaction || transaction.forwardPaths.length === 0) {
      await session.receive(new CountedReceiver(chunk.bytes, null));
      refuse(503, '5.5.1', transaction ? 'No valid recipients' : 'Send MAIL first');
    }
    return await take(session, transaction, chunk);
  },
};

interface Chunk {
  readonly bytes: number;
  readonly last: boolean;
}

function parseChunk(argument: string): Chunk | null {
  const match = /^(\d{1,15})(?: +(LAST))?$/i.exec(argument);
  return match ? { bytes: Number(match[1]), last: match[2] !== undefined } : null;
}

async function take(session: VerbSession, transaction: OpenTransaction, chunk: Chunk): Promise<readonly SmtpReply[]> {
  const { text, outcome } = (transaction.chunks ??= open(session, transaction));
  await session.receive(new CountedReceiver(chunk.bytes, text));
  if (chunk.last) text.end();
  if (!chunk.last && !text.body.failed) return [smtpReply(250, '2.0.0', `${chunk.bytes} octets received`)];
  // RFC 3030 §2: after a refused chunk nothing but RSET mends the transaction; it is over here, and what follows is 503.
  session.transaction = null;
  const replies = await outcome;
  return chunk.last ? replies : [text.body.refusal ?? replies[0]!];
}

function open(session: VerbSession, transaction: OpenTransaction): NonNullable<OpenTransaction['chunks']> {
  const { settings } = session;
  const body = session.newBody();
  const text = new ChunkedText(
    body,
    settings.limits.messageBytesMax,
    settings.trustedBytes ? null : settings.bareLineEnds,
  );
  return { text, outcome: hand(session, transaction, body).then((replies) => replies(body)) };
}
