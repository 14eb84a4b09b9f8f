import type { StagedMessage } from '#mailstore/api';
import { hasBinaryPart, withoutBinary } from '#protocol/message';
import type { ByteStream } from '#stdx';
import type { CommandSession } from '../command.ts';
import { ImapRefusal } from '../errors.ts';
import { ByteWatch } from './byte-watch.ts';

/** Stages a message a client brings, if it is one that clients can be told of again. `binary`: NUL may be in it. */
export async function stageMessage(
  session: CommandSession,
  bytes: ByteStream,
  binary: boolean,
): Promise<StagedMessage> {
  const watch = new ByteWatch();
  const staged = await session.store.stage(watch.over(bytes));
  try {
    // RFC 9755 §4: who has not enabled it could not read the message either.
    if (watch.eightBitHeader && session.names !== 'utf8')
      throw new ImapRefusal('CANNOT', 'Header fields with 8-bit characters need ENABLE UTF8=ACCEPT or IMAP4rev2');
    if (!binary || !watch.nul) return staged;
    return await transcoded(session, staged);
  } catch (error) {
    staged.discard();
    throw error;
  }
}

/** A message with NUL could not be told by BODY[]: it is kept in base64. RFC 3516 §3. */
async function transcoded({ store }: CommandSession, staged: StagedMessage): Promise<StagedMessage> {
  const { body } = staged.parsed;
  const watch = new ByteWatch();
  const kept = hasBinaryPart(body) ? await store.stage(watch.over(withoutBinary(staged.bytes(), body))) : null;
  if (kept && !watch.nul) {
    staged.discard();
    return kept;
  }
  kept?.discard();
  throw new ImapRefusal('UNKNOWN-CTE', 'NUL may only be in parts whose transfer encoding is binary');
}
