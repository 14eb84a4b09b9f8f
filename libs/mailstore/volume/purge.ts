import { MailStoreError } from '#mailstore/api';
import type { Logger } from '#stdx';
import type { CommitLoop } from './commit-loop.ts';
import { forgetDeleted, forgetMessage, letGo } from './deleted/letting-go.ts';
import type { Edit } from './edit.ts';
import type { IndexDb } from './index-db.ts';
import type { Operation } from './operation.ts';
import { MEMBERSHIP_COLUMNS, type MembershipRow } from './rows.ts';
import type { VolumeSettings } from './settings.ts';

/** `purge.mailbox` of an account that is gone as a whole. */
export const WHOLE_ACCOUNT = 0;

/** Small tables, emptied in one go; `purge` last. */
const ACCOUNT_TABLES = [
  'mailbox',
  'mailbox_gone',
  'subscription',
  'script',
  'script_gone',
  'annotation',
  'share',
  'text_indexed',
  'text_block',
  'purge',
];

interface PurgeRow {
  readonly account: number;
  readonly mailbox: number;
  /** When it was deleted: its messages' tombstones carry it. */
  readonly modSeq: number;
}

/**
 * Removes the rows of mailboxes and accounts that are gone for everyone already, a slice a commit, and tombstones past
 * their time. It goes on after a crash where it was.
 */
export class Purge {
  private running = false;
  private stopped = false;

  constructor(
    private readonly index: IndexDb,
    private readonly loop: CommitLoop,
    private readonly settings: VolumeSettings,
    private readonly logger: Logger,
  ) {}

  /** Starts it unless it runs, or has nothing to do. */
  wake(): void {
    if (this.running || this.stopped || !this.next()) return;
    this.running = true;
    this.run()
      .catch((error: unknown) => this.report(error))
      .finally(() => {
        this.running = false;
      });
  }

  stop(): void {
    this.stopped = true;
  }

  /** Forgets tombstones of before `before` (milliseconds since the epoch); touches nothing when there are none. */
  async forgetTombstones(before: number): Promise<void> {
    const isThere = (): boolean =>
      this.index.get('SELECT 1 AS found FROM vanished WHERE at < ? LIMIT 1', before) !== undefined;
    while (!this.stopped && isThere())
      await this.loop.submit(operation((edit) => forgetSome(edit, before, this.slice)));
  }

  private get slice(): number {
    return this.settings.bulkMessagesMax;
  }

  private async run(): Promise<void> {
    for (let row = this.next(); row && !this.stopped; row = this.next()) {
      const goner = row;
      await this.loop.submit(
        operation((edit) =>
          goner.mailbox === WHOLE_ACCOUNT
            ? purgeAccount(edit, goner.account, this.slice)
            : purgeMailbox(edit, goner, this.slice),
        ),
      );
    }
  }

  private next(): PurgeRow | undefined {
    return this.index.get<PurgeRow>('SELECT account, mailbox, mod_seq AS modSeq FROM purge LIMIT 1');
  }

  private report(error: unknown): void {
    if (error instanceof MailStoreError && error.code === 'unavailable') return;
    this.logger.warn(
      { error },
      'removal of deleted mail paused; the next deletion, or the next opening, takes it up again',
    );
  }
}

const operation = (run: (edit: Edit) => void): Operation<void> => ({ contents: [], grows: false, run });

function purgeMailbox(edit: Edit, { account, mailbox, modSeq }: PurgeRow, slice: number): void {
  const { index, now } = edit.scope;
  const rows = index.all<MembershipRow>(
    `SELECT ${MEMBERSHIP_COLUMNS} FROM membership WHERE account = ? AND mailbox = ? LIMIT ?`,
    ...[account, mailbox, slice],
  );
  const nameOf = 'SELECT name FROM mailbox_gone WHERE account = ? AND id = ?';
  const { name = 'INBOX' } = index.get<{ name: string }>(nameOf, account, mailbox) ?? {};
  for (const row of rows) {
    const { uid, message } = row;
    index.run('DELETE FROM membership WHERE account = ? AND mailbox = ? AND uid = ?', account, mailbox, uid);
    index.run(
      'INSERT INTO vanished (account, mailbox, mod_seq, uid, message, at) VALUES (?, ?, ?, ?, ?, ?)',
      ...[account, mailbox, modSeq, uid, message, now],
    );
    letGo(edit, account, { id: mailbox, name, modSeq }, row);
  }
  if (rows.length < slice) index.run('DELETE FROM purge WHERE account = ? AND mailbox = ?', account, mailbox);
}

function purgeAccount(edit: Edit, account: number, slice: number): void {
  const { index } = edit.scope;
  const rows = index.all<{ mailbox: number; uid: number; message: number }>(
    'SELECT mailbox, uid, message FROM membership WHERE account = ? LIMIT ?',
    ...[account, slice],
  );
  for (const { mailbox, uid, message } of rows) {
    index.run('DELETE FROM membership WHERE account = ? AND mailbox = ? AND uid = ?', account, mailbox, uid);
    forgetMessage(edit, account, message);
  }
  if (rows.length === slice) return;
  if (forgetUnplaced(edit, account, slice) > 0) return;
  const deleted = index.all<{ account: number; message: number }>(
    'SELECT account, message FROM deleted WHERE account = ? LIMIT ?',
    ...[account, slice],
  );
  forgetDeleted(edit, deleted);
  if (deleted.length > 0) return;
  const vanished = `DELETE FROM vanished WHERE (account, mailbox, mod_seq, uid) IN
    (SELECT account, mailbox, mod_seq, uid FROM vanished WHERE account = ? LIMIT ?)`;
  const threads = `DELETE FROM thread_key WHERE (account, key) IN
    (SELECT account, key FROM thread_key WHERE account = ? LIMIT ?)`;
  const memories = `DELETE FROM memory WHERE (account, key) IN
    (SELECT account, key FROM memory WHERE account = ? LIMIT ?)`;
  const more = [vanished, threads, memories].reduce((sum, sql) => sum + index.run(sql, account, slice), 0);
  if (more > 0) return;
  for (const table of ACCOUNT_TABLES) index.run(`DELETE FROM ${table} WHERE account = ?`, account);
}

/** Messages of a copy that never got a place. Returns how many it forgot. */
export function forgetUnplaced(edit: Edit, account: number, slice: number): number {
  const { index } = edit.scope;
  const sql = 'SELECT message FROM arrival WHERE account = ? LIMIT ?';
  const rows = index.all<{ message: number }>(sql, account, slice);
  for (const { message } of rows) {
    forgetMessage(edit, account, message);
    index.run('DELETE FROM arrival WHERE account = ? AND message = ?', account, message);
  }
  return rows.length;
}

interface Tombstone {
  readonly account: number;
  readonly mailbox: number;
  readonly modSeq: number;
  readonly uid: number;
}

function forgetSome(edit: Edit, before: number, slice: number): void {
  const { index } = edit.scope;
  const rows = index.all<Tombstone>(
    'SELECT account, mailbox, mod_seq AS modSeq, uid FROM vanished WHERE at < ? ORDER BY at LIMIT ?',
    ...[before, slice],
  );
  for (const { account, mailbox, modSeq, uid } of rows) {
    const sql = 'DELETE FROM vanished WHERE account = ? AND mailbox = ? AND mod_seq = ? AND uid = ?';
    index.run(sql, account, mailbox, modSeq, uid);
    const forget = 'UPDATE mailbox SET forgotten_mod_seq = max(forgotten_mod_seq, ?) WHERE account = ? AND id = ?';
    index.run(forget, modSeq, account, mailbox);
  }
}
