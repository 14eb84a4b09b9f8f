import { MailStoreError } from '#mailstore/api';
import { DotStuffer } from '#protocol/message';
import { asBuffer, type ByteStream } from '#stdx';
import type { CommandSession } from './command.ts';
import type { MaildropMessage } from './maildrop.ts';
import { BodyLineLimit } from './top-lines.ts';

/** Answers with a message's bytes, up to so many lines of its body. The store's bytes are opened before anything is said. */
export async function sendMessage(
  session: CommandSession,
  { number, uid }: MaildropMessage,
  status: string,
  bodyLinesMax: number,
): Promise<void> {
  const { out } = session;
  const chunks = (await open(session, number, uid))[Symbol.asyncIterator]();
  let chunk = await chunks.next();
  out.raw(status);
  const stuffer = new DotStuffer((piece) => out.bytes(piece));
  const limit = new BodyLineLimit(bodyLinesMax);
  try {
    while (!chunk.done && !limit.reached) {
      stuffer.push(limit.take(asBuffer(chunk.value)));
      await session.drained();
      if (!limit.reached) chunk = await chunks.next();
    }
  } catch (error) {
    if (error instanceof MailStoreError) session.breakOff(error);
    throw error;
  } finally {
    await chunks.return?.();
  }
  stuffer.finish();
}

async function open(session: CommandSession, number: number, uid: number): Promise<ByteStream> {
  const { store, context, maildrop } = session;
  for await (const [message] of store.messages(context, maildrop.ref, [{ first: uid, last: uid }], {}))
    if (message) return store.read(message.blobId);
  maildrop.forget(number);
  throw new MailStoreError('messageNotFound');
}
