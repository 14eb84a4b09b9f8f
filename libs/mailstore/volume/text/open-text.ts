import { type MessageText, messageText } from '#mailstore/api';
import { unpackBody } from '#protocol/message';
import { collect } from '#stdx';
import type { BlobReader } from '../blob-reader.ts';
import type { IndexDb } from '../index-db.ts';

/** A message's texts, read when they are asked for; `undefined` when it is gone. `key` is of `message`. */
export function openText(index: IndexDb, blobs: BlobReader, key: number): MessageText | undefined {
  const row = index.get<{ blob: Uint8Array; body: string }>('SELECT blob, body FROM message WHERE key = ?', key);
  if (!row) return undefined;
  const hash = Buffer.from(row.blob);
  return messageText(unpackBody(row.body), (start, end) => collect(blobs.read(hash, start, end), end - start));
}
