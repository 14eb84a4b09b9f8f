import type { Uid } from '#mailstore/api';
import type { FetchItem } from '#protocol/imap';
import type { CommandSession } from '../command.ts';
import { planFetch } from '../fetch/plan.ts';
import { runFetch } from '../fetch/run.ts';
import { stringFormatOf } from '../mailbox-text.ts';

/** What MessageNew asks to be told of new messages, after their EXISTS. RFC 5465 §5.2. What nobody has asked to read sets no \Seen. */
export async function fetchNew(
  session: CommandSession,
  items: readonly FetchItem[],
  added: readonly Uid[],
): Promise<void> {
  const { ranges } = session.view.byKnownUids(added);
  const plan = { ...planFetch(items, { uid: false, modSeq: false, text: stringFormatOf(session) }), setsSeen: false };
  await runFetch(session, plan, ranges);
}
