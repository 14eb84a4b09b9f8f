import type { Box, MemoryState, Message, Touch } from './state.ts';

/** A message left its mailbox for good: it is kept for a while, unless the store keeps none. */
export function letGo(state: MemoryState, { account, modSeq, at }: Touch, { id, name }: Box, message: Message): void {
  if (state.limits.deletedKeepMs > 0)
    account.deleted.set(message.messageId, { message, mailboxId: id, mailbox: name, modSeq, at });
  else state.release(message.blobId);
}
