import type { ListedMessage, MessageFields } from '#mailstore/api';
import { keywordsOf } from './rows.ts';

export type ListedTuple = readonly [
  uid: number,
  modSeq: number,
  keywords: string,
  size: number,
  internalDate: number,
  savedDate: number,
  sentAt: number | null,
  envelope?: string | null,
  body?: string | null,
];

const NARROW = 'uid, mod_seq, keywords, size, internal_date, saved_date, sent_at';

/** Messages of a mailbox between two uids, ascending. The wide row is only looked up for what it alone knows. */
export function listedSql({ envelope, body }: MessageFields): string {
  const wide = envelope || body;
  return `SELECT ${NARROW}${wide ? `, ${envelope ? 'envelope' : 'NULL'}${body ? ', body' : ''}` : ''} FROM membership
    ${wide ? 'JOIN message ON message.key = account * 4294967296 + message' : ''}
    WHERE account = ? AND mailbox = ? AND uid BETWEEN ? AND ? ORDER BY uid LIMIT ?`;
}

export function listedOf(row: ListedTuple): ListedMessage {
  const [uid, modSeq, keywords, size, internalDate, savedDate, sentAt, envelope, body] = row;
  const narrow = { uid, modSeq, keywords: keywordsOf(keywords), size, internalDate, savedDate, sentAt };
  if (envelope == null) return body == null ? narrow : { ...narrow, body };
  return body == null ? { ...narrow, envelope } : { ...narrow, envelope, body };
}
