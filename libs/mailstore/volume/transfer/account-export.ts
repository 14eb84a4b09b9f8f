import { setImmediate as nextTurn } from 'node:timers/promises';
import {
  type AccountCursor,
  type AccountId,
  bytesHeader,
  encodeRecord,
  MailStoreError,
  TRANSFER_VERSION,
  type TransferAccount,
  type TransferAnnotation,
  type TransferGoneScript,
  type TransferMemory,
  type TransferScript,
  type TransferShare,
  transferMagic,
  type Uid,
} from '#mailstore/api';
import type { ByteStream, RequestContext } from '#stdx';
import type { BlobReader } from '../blob-reader.ts';
import { blobIdOf, findBlob } from '../blobs.ts';
import type { IndexDb } from '../index-db.ts';
import type { Reads } from '../reads.ts';
import { type AccountRow, keywordsOf, MAILBOX_COLUMNS, type MailboxRow, messageKey } from '../rows.ts';

/** Rows a record, and a turn of the event loop. */
const BATCH_ROWS = 1_000;
const BATCH_MESSAGES = 100;

interface GoneMailboxRow {
  readonly account: number;
  readonly id: number;
  readonly name: string;
  readonly modSeq: number;
  readonly at: number;
}

interface ScriptRow {
  readonly id: number;
  readonly name: string;
  readonly active: number;
  readonly modSeq: number;
  readonly faultAt: number | null;
  readonly fault: string | null;
  readonly content: Uint8Array;
}

interface MessageKeyRow {
  readonly key: number;
  readonly blob: Uint8Array;
  readonly thread: number;
}

interface PlacedRow {
  readonly uid: Uid;
  readonly message: number;
  readonly modSeq: number;
  readonly createdModSeq: number;
  readonly keywords: string;
  readonly internalDate: number;
  readonly savedDate: number;
}

interface VanishedRow {
  readonly uid: Uid;
  readonly message: number;
  readonly modSeq: number;
  readonly at: number;
  /** The message has left this mailbox and is in no other. */
  readonly gone: number;
}

interface DeletedRow {
  readonly message: number;
  readonly mailbox: number;
  readonly name: string;
  readonly uid: Uid;
  readonly keywords: string;
  readonly internalDate: number;
  readonly modSeq: number;
  readonly at: number;
}

/**
 * Reads an account out as a stream. Messages go first, by their id, which a move does not change; then where they are. So a message
 * that is moved while this runs is neither missed nor sent without its bytes: if not in this stream, it is placed in the next.
 */
export class AccountExport {
  constructor(
    private readonly index: IndexDb,
    private readonly reads: Reads,
    private readonly blobs: BlobReader,
  ) {}

  async *run(context: RequestContext, accountId: AccountId, since: AccountCursor): ByteStream {
    const row = await this.reads.shown(accountId, () => this.reads.accountRow(context, accountId));
    const mailboxes = await this.reads.shown(accountId, () => this.mailboxes(row.number));
    if (since.modSeq > 0 && mailboxes.some(({ forgottenModSeq }) => forgottenModSeq > since.modSeq))
      throw new MailStoreError('modified', 'tombstones since then are gone');
    yield transferMagic();
    yield encodeRecord(headOf(row, since));
    for (const mailbox of mailboxes) yield encodeRecord(mailboxRecord(mailbox));
    const names = await this.reads.subscriptions(context, accountId);
    for (let at = 0; at < names.length; at += BATCH_ROWS)
      yield encodeRecord({ kind: 'subscriptions', names: names.slice(at, at + BATCH_ROWS) });
    yield* this.scripts(accountId, row.number, since);
    yield* this.annotationsAndShares(accountId, row.number);
    const gone = await this.reads.shown(accountId, () => this.goneMailboxes(row.number, since));
    for (const { account: _, ...mailbox } of gone) yield encodeRecord({ kind: 'goneMailbox', ...mailbox });
    const sent = yield* this.messages(accountId, row.number, since.nextMessage);
    for (const mailbox of mailboxes) {
      if (mailbox.modSeq <= since.modSeq) continue;
      yield* this.placed(accountId, mailbox, since, sent);
      yield* this.vanished(accountId, mailbox, since);
    }
    // What was moved out of a mailbox before it was deleted is not to be deleted with it.
    for (const mailbox of gone) yield* this.vanished(accountId, mailbox, since);
    yield* this.deleted(accountId, row.number, since, sent);
    yield encodeRecord({ kind: 'end' });
  }

  private mailboxes(account: number): readonly MailboxRow[] {
    const sql = `SELECT ${MAILBOX_COLUMNS} FROM mailbox WHERE account = ? ORDER BY id`;
    return this.index.all<MailboxRow>(sql, account);
  }

  private goneMailboxes(account: number, { modSeq }: AccountCursor): readonly GoneMailboxRow[] {
    const sql = `SELECT account, id, name, mod_seq AS modSeq, at FROM mailbox_gone
      WHERE account = ? AND mod_seq > ? ORDER BY id`;
    return this.index.all<GoneMailboxRow>(sql, account, modSeq);
  }

  private async *scripts(accountId: AccountId, account: number, { modSeq }: AccountCursor): ByteStream {
    const { index, reads } = this;
    const sql = `SELECT id, name, active, mod_seq AS modSeq, fault_at AS faultAt, fault, content FROM script
      WHERE account = ?`;
    for (const row of await reads.shown(accountId, () => index.all<ScriptRow>(sql, account)))
      yield encodeRecord(scriptRecord(row));
    const gone = 'SELECT id, mod_seq AS modSeq FROM script_gone WHERE account = ? AND mod_seq > ? ORDER BY mod_seq';
    const tombstones = await reads.shown(accountId, () => index.all<TransferGoneScript>(gone, account, modSeq));
    if (tombstones.length > 0) yield encodeRecord({ kind: 'goneScripts', rows: [...tombstones] });
    const kept = 'SELECT key, until, mod_seq AS modSeq FROM memory WHERE account = ? AND mod_seq > ?';
    const memories = await reads.shown(accountId, () => index.all<TransferMemory>(kept, account, modSeq));
    for (let at = 0; at < memories.length; at += BATCH_ROWS)
      yield encodeRecord({ kind: 'memories', rows: memories.slice(at, at + BATCH_ROWS) });
  }

  private async *annotationsAndShares(accountId: AccountId, account: number): ByteStream {
    const sql = 'SELECT mailbox, owner, entry, value FROM annotation WHERE account = ?';
    type Row = Omit<TransferAnnotation, 'kind' | 'value'> & { readonly value: Uint8Array };
    for (const { value, owner, ...row } of await this.reads.shown(accountId, () => this.index.all<Row>(sql, account)))
      yield encodeRecord({
        ...{ kind: 'annotation', ...row, owner: owner === accountId ? '@' : owner },
        value: Buffer.from(value).toString('base64'),
      });
    const shares = 'SELECT mailbox, grantee, rights FROM share WHERE account = ?';
    type ShareRow = Omit<TransferShare, 'kind'>;
    for (const row of await this.reads.shown(accountId, () => this.index.all<ShareRow>(shares, account)))
      yield encodeRecord({ kind: 'share', ...row });
  }

  /** Returns the id below which every message there is has been sent, now or before. */
  private async *messages(
    accountId: AccountId,
    account: number,
    from: number,
  ): AsyncGenerator<Uint8Array, number, undefined> {
    const sql = 'SELECT key, blob, thread FROM message WHERE key >= ? AND key < ? ORDER BY key LIMIT ?';
    for (let next = from; ; ) {
      const rows = await this.reads.shown(accountId, () =>
        this.index.all<MessageKeyRow>(sql, messageKey(account, next), messageKey(account + 1, 0), BATCH_MESSAGES),
      );
      for (const row of rows) yield* this.message(row.key - messageKey(account, 0), row);
      next = rows.length > 0 ? rows.at(-1)!.key - messageKey(account, 0) + 1 : next;
      if (rows.length < BATCH_MESSAGES) return next;
      await nextTurn();
    }
  }

  private async *message(id: number, { key, blob, thread }: MessageKeyRow): ByteStream {
    const hash = Buffer.from(blob);
    const place = findBlob(this.index, hash);
    const { size, at } = place ?? { size: 0, at: 0 };
    const record = { kind: 'message', id, size, blobId: blobIdOf(hash), thread, ...(at > 0 ? { at } : {}) } as const;
    let begun = false;
    try {
      if (!place) throw new MailStoreError('messageNotFound');
      for await (const chunk of this.blobs.read(hash)) {
        if (!begun) yield encodeRecord(record);
        begun = true;
        yield bytesHeader(chunk.length);
        yield chunk;
      }
      if (!begun) yield encodeRecord(record);
    } catch (error) {
      // It was expunged when its turn came: its tombstone is in the next stream.
      const isThere = this.index.get('SELECT 1 AS found FROM message WHERE key = ?', key) !== undefined;
      if (begun || isThere) throw error;
    }
  }

  private async *placed(
    accountId: AccountId,
    { account, id }: MailboxRow,
    since: AccountCursor,
    sent: number,
  ): ByteStream {
    const sql = `SELECT uid, message, mod_seq AS modSeq, created_mod_seq AS createdModSeq, keywords,
        internal_date AS internalDate, saved_date AS savedDate FROM membership
      WHERE account = ? AND mailbox = ? AND mod_seq > ? AND uid > ? ORDER BY uid LIMIT ?`;
    for (let after = 0; ; ) {
      const rows = await this.reads.shown(accountId, () =>
        this.index.all<PlacedRow>(sql, account, id, since.modSeq, after, BATCH_ROWS),
      );
      // A younger one came while the messages were read; the next stream has it.
      const known = rows.filter(({ message }) => message < sent || message < since.nextMessage);
      const views = known.map(({ keywords, ...row }) => ({ ...row, keywords: [...keywordsOf(keywords)] }));
      if (views.length > 0) yield encodeRecord({ kind: 'placed', mailbox: id, rows: views });
      if (rows.length < BATCH_ROWS) return;
      after = rows.at(-1)?.uid ?? 0;
      await nextTurn();
    }
  }

  private async *vanished(
    accountId: AccountId,
    { account, id }: Pick<MailboxRow, 'account' | 'id'>,
    since: AccountCursor,
  ): ByteStream {
    const sql = `SELECT uid, message, mod_seq AS modSeq, at,
        NOT EXISTS (SELECT 1 FROM message WHERE key = account * 4294967296 + vanished.message) AS gone
      FROM vanished WHERE account = ? AND mailbox = ? AND (mod_seq, uid) > (?, ?) ORDER BY mod_seq, uid LIMIT ?`;
    let last: Pick<VanishedRow, 'modSeq' | 'uid'> = { modSeq: since.modSeq, uid: Number.MAX_SAFE_INTEGER };
    for (;;) {
      const { modSeq, uid } = last;
      const rows = await this.reads.shown(accountId, () =>
        this.index.all<VanishedRow>(sql, account, id, modSeq, uid, BATCH_ROWS),
      );
      const views = rows.map((row) => ({ ...row, gone: row.gone === 1 }));
      if (views.length > 0) yield encodeRecord({ kind: 'vanished', mailbox: id, rows: views });
      if (rows.length < BATCH_ROWS) return;
      last = rows.at(-1) ?? last;
      await nextTurn();
    }
  }

  private async *deleted(accountId: AccountId, account: number, since: AccountCursor, sent: number): ByteStream {
    const sql = `SELECT message, mailbox, name, uid, keywords, internal_date AS internalDate, mod_seq AS modSeq, at
      FROM deleted WHERE account = ? AND mod_seq > ? AND message > ? ORDER BY message LIMIT ?`;
    for (let after = 0; ; ) {
      const rows = await this.reads.shown(accountId, () =>
        this.index.all<DeletedRow>(sql, account, since.modSeq, after, BATCH_ROWS),
      );
      const known = rows.filter(({ message }) => message < sent || message < since.nextMessage);
      const views = known.map(({ keywords, ...row }) => ({ ...row, keywords: [...keywordsOf(keywords)] }));
      if (views.length > 0) yield encodeRecord({ kind: 'deleted', rows: views });
      if (rows.length < BATCH_ROWS) return;
      after = rows.at(-1)?.message ?? 0;
      await nextTurn();
    }
  }
}

function headOf(row: AccountRow, since: AccountCursor): TransferAccount {
  const { id, email, partnerId, quotaBytes, modSeq, nextMessage, nextMailbox, lastUidValidity } = row;
  return {
    ...{ kind: 'account', version: TRANSFER_VERSION, accountId: id, email, partnerId, quotaBytes },
    ...{ since: { modSeq: since.modSeq, nextMessage: since.nextMessage }, until: { modSeq, nextMessage } },
    ...{ nextMailbox, lastUidValidity },
  };
}

function scriptRecord({ active, content, faultAt: at, fault: message, ...script }: ScriptRow): TransferScript {
  return {
    ...{ kind: 'script', ...script, isActive: active === 1, content: Buffer.from(content).toString('base64') },
    fault: at === null || message === null ? null : { at, message },
  };
}

function mailboxRecord(row: MailboxRow) {
  const { account: _, messages: __, unseen: ___, deleted: ____, sizeBytes: _____, ...record } = row;
  return { kind: 'mailbox', ...record } as const;
}
