import type { ListedMessage, MessageFields, MessageFlags, StoredMessage } from '#mailstore/api';
import { packBody, packEnvelope } from '#protocol/message';
import type { Box, Message } from './state.ts';

/** What reads show of a message, from the narrowest to the widest. */

export const marked = ({ uid, modSeq, keywords }: Message): MessageFlags => ({ uid, modSeq, keywords });

export function listed(message: Message, fields: MessageFields): ListedMessage {
  const { parsed, size, internalDate, savedDate } = message;
  return {
    ...marked(message),
    ...{ size, internalDate, savedDate, sentAt: parsed.envelope.sentAt },
    ...(fields.envelope ? { envelope: packEnvelope(parsed.envelope) } : {}),
    ...(fields.body ? { body: packBody(parsed.body) } : {}),
  };
}

export function whole({ parsed, createdModSeq: _, ...stored }: Message, fields: MessageFields): StoredMessage {
  return {
    ...stored,
    ...(fields.envelope ? { envelope: parsed.envelope } : {}),
    ...(fields.body ? { body: parsed.body } : {}),
  };
}

export function sizesOf({ messages }: Box): { readonly uids: Uint32Array; readonly sizes: Uint32Array } {
  const sizes = Uint32Array.from(messages.values(), ({ size }) => size);
  return { uids: Uint32Array.from(messages.keys()), sizes };
}

/** All of them at once; nothing when there are none. */
export function* batch<T>(messages: readonly Message[], look: (message: Message) => T): Iterable<readonly T[]> {
  if (messages.length > 0) yield messages.map(look);
}
