import { type MessageFilter, type ModSeq, matchesText, messageText, normalFilter, type Uid } from '#mailstore/api';
import type { Box, MemoryState } from './state.ts';

export async function searchBox(
  state: MemoryState,
  box: Box,
  filter: MessageFilter,
  onProgress: (done: number, goal: number) => void = () => {},
): Promise<{ readonly uids: readonly Uid[]; readonly modSeq: ModSeq }> {
  const normal = normalFilter(filter);
  const uids: Uid[] = [];
  let modSeq = 0;
  for (const [i, message] of [...box.messages.values()].entries()) {
    onProgress(i, box.messages.size);
    const bytes = state.blobs.get(message.blobId)?.bytes;
    if (!bytes) continue;
    const row = { ...message, sentAt: message.parsed.envelope.sentAt };
    const text = messageText(message.parsed.body, async (start, end) => bytes.subarray(start, end));
    if (!(await matchesText(normal, row, text))) continue;
    uids.push(message.uid);
    modSeq = Math.max(modSeq, message.modSeq);
  }
  return { uids, modSeq };
}
