import { foldText, type ListedMessage, type Uid } from '#mailstore/api';
import { baseSubject, isReplySubject, messageIds, unpackThreading } from '#protocol/message';
import { present } from '#stdx';
import type { CommandSession } from '../command.ts';
import { readMessages } from '../read-messages.ts';
import { sentDate } from '../sort/sort-keys.ts';

/** What threading goes by. */
export interface ThreadMessage {
  readonly uid: Uid;
  /** Milliseconds since the epoch. RFC 5256 §2.2. */
  readonly sentAt: number;
  /** Folded base subject; '' when there is none. RFC 5256 §2.1. */
  readonly subject: string;
  readonly isReply: boolean;
  readonly messageId: string | null;
  /** Ids of its ancestors, oldest first. */
  readonly references: readonly string[];
}

/** Reads them in the order of their numbers; those that have gone meanwhile are left out. */
export async function gatherThreadMessages(session: CommandSession, uids: readonly Uid[]): Promise<ThreadMessage[]> {
  const messages: ThreadMessage[] = [];
  for await (const batch of readMessages(session, uids, { envelope: true }))
    for (const message of batch) {
      messages.push(threadMessageOf(message));
      session.progress = { done: messages.length, goal: uids.length };
    }
  return messages;
}

function threadMessageOf(message: ListedMessage): ThreadMessage {
  const envelope = unpackThreading(present(message.envelope, 'envelope asked for'));
  const subject = envelope.subject ?? '';
  const [messageId = null] = messageIds(envelope.messageId ?? '');
  const { references } = envelope;
  return {
    uid: message.uid,
    sentAt: sentDate(message),
    subject: foldText(baseSubject(subject)),
    isReply: isReplySubject(subject),
    messageId,
    // RFC 5256 §3, step 1: without References, the first id of In-Reply-To.
    references: references.length > 0 ? references : messageIds(envelope.inReplyTo ?? '').slice(0, 1),
  };
}
