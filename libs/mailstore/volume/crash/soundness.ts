import assert from 'node:assert/strict';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { indexPath, segmentsDirectory } from '../identity.ts';
import { RECORD_HEADER_BYTES } from '../record.ts';
import { segmentFile } from '../segments.ts';

const RECORD_BYTES = `iif(stored > 0, stored, size + ${RECORD_HEADER_BYTES})`;

/** Pairs of sums that agree in every sound index. */
const SUMS: readonly (readonly [what: string, kept: string, counted: string])[] = [
  [
    'holders of blobs',
    'SELECT hex(hash) AS k, holders AS v FROM blob ORDER BY k',
    `SELECT hex(blob) AS k, count(*) AS v FROM (SELECT blob FROM message UNION ALL SELECT blob FROM queue)
      GROUP BY blob ORDER BY k`,
  ],
  [
    'live bytes of segments',
    'SELECT id AS k, live AS v FROM segment WHERE live <> 0 ORDER BY k',
    `SELECT segment AS k, sum(${RECORD_BYTES}) AS v FROM blob GROUP BY segment ORDER BY k`,
  ],
  [
    'bytes of mailboxes',
    'SELECT account || ? || id AS k, size_bytes AS v FROM mailbox WHERE messages > 0 ORDER BY k',
    `SELECT account || ? || mailbox AS k, sum(size) AS v FROM membership JOIN mailbox USING (account)
      WHERE mailbox.id = mailbox GROUP BY account, mailbox ORDER BY k`,
  ],
  [
    'bytes of accounts',
    'SELECT number AS k, used_bytes AS v FROM account WHERE used_bytes > 0 ORDER BY k',
    'SELECT account AS k, sum(size_bytes) AS v FROM mailbox GROUP BY account HAVING v > 0 ORDER BY k',
  ],
  [
    'messages of blocks of the text index',
    'SELECT account || ? || last AS k, messages - dead AS v FROM text_block ORDER BY k',
    `SELECT account || ? || last AS k, (SELECT count(*) FROM message
      WHERE key BETWEEN account * 4294967296 + first AND account * 4294967296 + last) AS v FROM text_block ORDER BY k`,
  ],
  [
    'parts of blocks of the text index',
    'SELECT id AS k, bytes AS v FROM text_block ORDER BY k',
    'SELECT id / 1024 AS k, sum(length(data)) AS v FROM text_part GROUP BY id / 1024 ORDER BY k',
  ],
];

/** Looks into a closed volume: the books agree, every segment's file is there, no message is in no mailbox. */
export function assertSound(path: string): void {
  const index = new DatabaseSync(indexPath(path));
  try {
    const all = (sql: string): unknown[] => index.prepare(sql.replaceAll('?', "'/'")).all();
    for (const [what, kept, counted] of SUMS) assert.deepEqual(all(kept), all(counted), what);
    const ends = `SELECT id, coalesce(max(position + size + ${RECORD_HEADER_BYTES}), 0) AS bytes
      FROM segment LEFT JOIN blob ON blob.segment = id WHERE cold = 0 GROUP BY id`;
    const segments = all(ends) as { id: number; bytes: number }[];
    for (const { id, bytes } of segments) {
      const { size } = statSync(join(segmentsDirectory(path), segmentFile(id)));
      assert(size >= bytes, `segment ${segmentFile(id)} has ${size} bytes of ${bytes}`);
    }
    const pending = all('SELECT account FROM purge UNION ALL SELECT account FROM arrival');
    const orphans = `SELECT key FROM message
      EXCEPT SELECT account * 4294967296 + message FROM membership
      EXCEPT SELECT account * 4294967296 + message FROM deleted`;
    if (pending.length === 0) assert.deepEqual(all(orphans), [], 'messages in no mailbox');
  } finally {
    index.close();
  }
}
