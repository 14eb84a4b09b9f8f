import { VolumeOpenError } from './errors.ts';
import { IndexDb } from './index-db.ts';

/**
 * The index, version by version; a step is never edited once released. Everything is keyed by account first, so that one
 * account's pages lie together.
 *
 * - `membership` is the narrow row a listing scans, a message in a mailbox; `message` is the wide one with what was computed
 *   at append. Keywords belong to the message: they are kept on its memberships, the rows that are scanned by them, as
 *   ' $a $b ' ('' for none).
 * - `message` has rowid = account × 2^32 + message, a plain rowid table since wide rows fit its pages better.
 * - `text_block` lists the blocks (`text/block-format.ts`) that hold the texts of an account's messages, up to its
 *   `text_indexed.through`: the first and the last of their messages, how many, and how many of these have been forgotten since.
 *   `text_part.id` = block × 1,024 + part.
 * - `segment.id` = epoch × 2^24 + number, and so is the file's name. `bytes` is what is durable and referenced, `live` what
 *   records of blobs in it take.
 * - `arrival` lists messages of accounts on their way here that no mailbox has been said to hold yet.
 * - `script.id` is the modSeq of its making. `memory` is what accounts remember for a while: whom they answered.
 * - A segment with `cold` is an object on cold storage; `blob.stored` is what a record takes there, 0 in a hot segment. `blob.at` is when its mail
 *   was received, `segment.due_at` when the segment is to be looked at for mail that is old enough; counter `dated_from`: when that began to be noted.
 *   `account.cold_bytes` is as of the last count.
 * - `damage` lists blobs the scrub found damaged.
 * - `deleted` lists messages no mailbox holds that can still be restored.
 * - `annotation.mailbox` is 0 for the account's own; `owner` is '' for shared ones, else whose private one it is.
 * - `share.grantee` is an account's id, or 'anyone' for all of the owner's domain.
 * - `purge` lists accounts and mailboxes that are gone for everyone and whose rows are being removed in slices.
 */
export const STEPS: readonly string[] = [
  `
  CREATE TABLE counter (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT, WITHOUT ROWID;
  CREATE TABLE account (
    number INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    email TEXT NOT NULL,
    partner_id TEXT NOT NULL,
    quota_bytes INTEGER NOT NULL,
    used_bytes INTEGER NOT NULL,
    messages INTEGER NOT NULL,
    mod_seq INTEGER NOT NULL,
    next_mailbox INTEGER NOT NULL,
    next_message INTEGER NOT NULL,
    last_uid_validity INTEGER NOT NULL
  ) STRICT;
  CREATE TABLE mailbox (
    account INTEGER NOT NULL,
    id INTEGER NOT NULL,
    name TEXT NOT NULL,
    role TEXT,
    uid_validity INTEGER NOT NULL,
    uid_next INTEGER NOT NULL,
    mod_seq INTEGER NOT NULL,
    recent_uid INTEGER NOT NULL,
    messages INTEGER NOT NULL,
    unseen INTEGER NOT NULL,
    deleted INTEGER NOT NULL,
    size_bytes INTEGER NOT NULL,
    created_mod_seq INTEGER NOT NULL,
    updated_mod_seq INTEGER NOT NULL,
    forgotten_mod_seq INTEGER NOT NULL,
    PRIMARY KEY (account, id)
  ) STRICT, WITHOUT ROWID;
  CREATE UNIQUE INDEX mailbox_name ON mailbox (account, name);
  CREATE TABLE mailbox_gone (
    account INTEGER NOT NULL,
    id INTEGER NOT NULL,
    name TEXT NOT NULL,
    mod_seq INTEGER NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (account, id)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE subscription (
    account INTEGER NOT NULL,
    name TEXT NOT NULL,
    PRIMARY KEY (account, name)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE membership (
    account INTEGER NOT NULL,
    mailbox INTEGER NOT NULL,
    uid INTEGER NOT NULL,
    message INTEGER NOT NULL,
    mod_seq INTEGER NOT NULL,
    created_mod_seq INTEGER NOT NULL,
    keywords TEXT NOT NULL,
    size INTEGER NOT NULL,
    internal_date INTEGER NOT NULL,
    saved_date INTEGER NOT NULL,
    sent_at INTEGER,
    PRIMARY KEY (account, mailbox, uid)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX membership_changed ON membership (account, mailbox, mod_seq);
  CREATE TABLE message (
    key INTEGER PRIMARY KEY,
    blob BLOB NOT NULL,
    thread INTEGER NOT NULL,
    preview TEXT NOT NULL,
    envelope TEXT NOT NULL,
    body TEXT NOT NULL
  ) STRICT;
  CREATE TABLE vanished (
    account INTEGER NOT NULL,
    mailbox INTEGER NOT NULL,
    mod_seq INTEGER NOT NULL,
    uid INTEGER NOT NULL,
    message INTEGER NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (account, mailbox, mod_seq, uid)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX vanished_at ON vanished (at);
  CREATE TABLE thread_key (
    account INTEGER NOT NULL,
    key INTEGER NOT NULL,
    thread INTEGER NOT NULL,
    PRIMARY KEY (account, key)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE segment (
    id INTEGER PRIMARY KEY,
    bytes INTEGER NOT NULL,
    live INTEGER NOT NULL,
    open INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX segment_open ON segment (id) WHERE open = 1;
  CREATE TABLE blob (
    hash BLOB PRIMARY KEY,
    segment INTEGER NOT NULL,
    position INTEGER NOT NULL,
    size INTEGER NOT NULL,
    holders INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE queue (
    id INTEGER PRIMARY KEY,
    blob BLOB NOT NULL,
    size INTEGER NOT NULL,
    reverse_path TEXT NOT NULL,
    forward_path TEXT NOT NULL,
    partner_id TEXT NOT NULL,
    parameters TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    next_attempt_at INTEGER NOT NULL,
    attempts INTEGER NOT NULL,
    last_error TEXT,
    status TEXT NOT NULL
  ) STRICT;
  CREATE INDEX queue_due ON queue (next_attempt_at, id) WHERE status = 'queued';
  CREATE TABLE usage (
    number INTEGER PRIMARY KEY,
    epoch INTEGER NOT NULL,
    partner_id TEXT NOT NULL,
    account_id TEXT,
    meter TEXT NOT NULL,
    quantity INTEGER NOT NULL,
    at INTEGER NOT NULL
  ) STRICT;
  CREATE TABLE purge (
    account INTEGER NOT NULL,
    mailbox INTEGER NOT NULL,
    mod_seq INTEGER NOT NULL,
    PRIMARY KEY (account, mailbox)
  ) STRICT, WITHOUT ROWID;
  `,
  `
  ALTER TABLE account ADD COLUMN standing TEXT NOT NULL DEFAULT 'open';
  CREATE TABLE arrival (
    account INTEGER NOT NULL,
    message INTEGER NOT NULL,
    PRIMARY KEY (account, message)
  ) STRICT, WITHOUT ROWID;
  `,
  `
  UPDATE segment SET live = found.live
    FROM (SELECT segment AS id, sum(size + 52) AS live FROM blob GROUP BY segment) AS found
    WHERE found.id = segment.id;
  `,
  `
  CREATE TABLE script (
    account INTEGER NOT NULL,
    id INTEGER NOT NULL,
    name TEXT NOT NULL,
    active INTEGER NOT NULL,
    mod_seq INTEGER NOT NULL,
    fault_at INTEGER,
    fault TEXT,
    content BLOB NOT NULL,
    PRIMARY KEY (account, id),
    UNIQUE (account, name)
  ) STRICT;
  CREATE UNIQUE INDEX script_active ON script (account) WHERE active = 1;
  CREATE TABLE script_gone (
    account INTEGER NOT NULL,
    id INTEGER NOT NULL,
    mod_seq INTEGER NOT NULL,
    PRIMARY KEY (account, id)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE memory (
    account INTEGER NOT NULL,
    key TEXT NOT NULL,
    until INTEGER NOT NULL,
    mod_seq INTEGER NOT NULL,
    PRIMARY KEY (account, key)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX memory_until ON memory (account, until);
  `,
  `
  CREATE TABLE deleted (
    account INTEGER NOT NULL,
    message INTEGER NOT NULL,
    mailbox INTEGER NOT NULL,
    name TEXT NOT NULL,
    uid INTEGER NOT NULL,
    keywords TEXT NOT NULL,
    size INTEGER NOT NULL,
    internal_date INTEGER NOT NULL,
    mod_seq INTEGER NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (account, message)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX deleted_at ON deleted (at);
  CREATE INDEX deleted_of ON deleted (account, at, message);
  `,
  `
  CREATE VIRTUAL TABLE text_header USING fts5
    (grams, content = '', contentless_delete = 1, detail = none, tokenize = 'ascii');
  CREATE VIRTUAL TABLE text_body USING fts5
    (grams, content = '', contentless_delete = 1, detail = none, tokenize = 'ascii');
  CREATE TABLE text_indexed (account INTEGER PRIMARY KEY, through INTEGER NOT NULL) STRICT;
  `,
  `
  CREATE TABLE annotation (
    account INTEGER NOT NULL,
    mailbox INTEGER NOT NULL,
    owner TEXT NOT NULL,
    entry TEXT NOT NULL,
    value BLOB NOT NULL,
    PRIMARY KEY (account, mailbox, owner, entry)
  ) STRICT, WITHOUT ROWID;
  `,
  `
  CREATE TABLE share (
    account INTEGER NOT NULL,
    mailbox INTEGER NOT NULL,
    grantee TEXT NOT NULL,
    rights TEXT NOT NULL,
    PRIMARY KEY (account, mailbox, grantee)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX share_grantee ON share (grantee);
  `,
  `
  ALTER TABLE segment ADD COLUMN scrubbed_at INTEGER NOT NULL DEFAULT 0;
  CREATE TABLE damage (
    hash BLOB PRIMARY KEY,
    segment INTEGER NOT NULL,
    position INTEGER NOT NULL,
    found_at INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  `,
  `
  ALTER TABLE blob ADD COLUMN stored INTEGER NOT NULL DEFAULT 0;
  ALTER TABLE blob ADD COLUMN at INTEGER NOT NULL DEFAULT 0;
  ALTER TABLE segment ADD COLUMN cold INTEGER NOT NULL DEFAULT 0;
  ALTER TABLE segment ADD COLUMN due_at INTEGER NOT NULL DEFAULT 0;
  CREATE INDEX segment_cold ON segment (id) WHERE cold = 1;
  ALTER TABLE account ADD COLUMN cold_bytes INTEGER NOT NULL DEFAULT 0;
  INSERT INTO counter (name, value) VALUES ('dated_from', unixepoch() * 1000);
  `,
  `
  DROP TABLE text_header;
  DROP TABLE text_body;
  DELETE FROM text_indexed;
  CREATE TABLE text_block (
    account INTEGER NOT NULL,
    last INTEGER NOT NULL,
    first INTEGER NOT NULL,
    id INTEGER NOT NULL,
    messages INTEGER NOT NULL,
    bytes INTEGER NOT NULL,
    dead INTEGER NOT NULL,
    dead_since INTEGER,
    PRIMARY KEY (account, last)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX text_block_dead ON text_block (dead_since) WHERE dead > 0;
  CREATE TABLE text_part (id INTEGER PRIMARY KEY, data BLOB NOT NULL) STRICT;
  `,
];

/** Opens index.db as its only owner and brings its schema up to date. The storage lock is held already. */
/** Steps of `STEPS` that came with feature levels 2, 3, … of a cluster, that many with each: the last ones. Any cluster may have the others. */
const STEPS_OF_LEVELS: readonly number[] = [];

/**
 * How many steps an index may have gone in a cluster of that feature level: all its members can then read it. Code works with
 * the tables of the level before until the level is there.
 */
export const stepsAt = (featureLevel: number): number =>
  STEPS.length - STEPS_OF_LEVELS.slice(Math.max(0, featureLevel - 1)).reduce((sum, count) => sum + count, 0);

/** Brings the index up to `steps`; one that has gone further stays so. Throws `formatUnknown` for one that this program does not know. */
export function openIndex(path: string, cacheBytes: number, steps = STEPS.length): IndexDb {
  const index = new IndexDb(path);
  try {
    // Exclusive mode first: WAL then keeps its index in this process's memory and no second process can attach.
    index.exec(`
      PRAGMA locking_mode = EXCLUSIVE;
      PRAGMA journal_mode = WAL;
      PRAGMA synchronous = NORMAL;
      PRAGMA wal_autocheckpoint = 0;
      PRAGMA temp_store = MEMORY;
      PRAGMA trusted_schema = OFF;
      PRAGMA cache_size = ${-Math.floor(cacheBytes / 1024)};
      BEGIN IMMEDIATE`);
    const version = index.get<{ user_version: number }>('PRAGMA user_version')?.user_version ?? 0;
    if (version > STEPS.length)
      throw new VolumeOpenError(
        'formatUnknown',
        `index.db has version ${version}, from a newer release; this one knows up to ${STEPS.length}`,
      );
    for (const step of STEPS.slice(version, steps)) index.exec(step);
    if (version < steps) index.exec(`PRAGMA user_version = ${steps}`);
    index.exec('COMMIT');
    return index;
  } catch (error) {
    index.close();
    throw error;
  }
}
