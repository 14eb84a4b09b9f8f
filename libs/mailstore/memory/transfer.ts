import {
  type AccountCursor,
  type AccountId,
  type AccountInfo,
  type AccountSpec,
  type AccountStanding,
  type AccountTransfer,
  bytesHeader,
  canonicalMailboxName,
  encodeRecord,
  MailStoreError,
  type MessageId,
  type MessageParserFactory,
  START,
  TRANSFER_VERSION,
  type TransferAccount,
  type TransferMailbox,
  type TransferMessage,
  TransferReader,
  type TransferRecord,
  threadKeys,
  transferMagic,
} from '#mailstore/api';
import { type ByteStream, collect, type RequestContext } from '#stdx';
import { annotationKey } from './annotations.ts';
import { type Account, accountInfo, type Box, type Deleted, type MemoryState, type Unplaced } from './state.ts';

/** Accounts as streams, in memory: a stream is gathered whole before any of it is taken in. */
export class MemoryTransfer implements AccountTransfer {
  constructor(
    private readonly state: MemoryState,
    private readonly parse: MessageParserFactory,
  ) {}

  async *exportAccount(context: RequestContext, accountId: AccountId, since: AccountCursor = START): ByteStream {
    const account = this.state.account(context, accountId);
    const boxes = [...account.mailboxes.values()];
    const deleted = [...account.deleted.values()];
    const messages = [...boxes.flatMap((box) => [...box.messages.values()]), ...deleted.map(({ message }) => message)];
    messages.sort((a, b) => a.messageId - b.messageId);
    const living = new Set(messages.map(({ messageId }) => messageId));
    // All of it at once, so that what changes while the stream is read is for the next one.
    const records: TransferRecord[] = [headOf(account, since), ...boxes.map(mailboxRecord)];
    records.push({ kind: 'subscriptions', names: [...account.subscriptions] }, ...scriptRecords(account, since.modSeq));
    records.push(...annotationRecords(account), ...boxes.flatMap(shareRecords));
    const bytes = new Map<TransferRecord, Buffer>();
    for (const { messageId: id, size, blobId, threadId } of messages) {
      if (id < since.nextMessage) continue;
      const record: TransferMessage = { kind: 'message', id, size, blobId, thread: Number(threadId.slice(1)) };
      records.push(record);
      bytes.set(record, this.state.blobs.get(blobId)?.bytes ?? Buffer.alloc(0));
    }
    for (const box of boxes) records.push(...changesOf(box, since.modSeq, living));
    records.push(deletedRecord(deleted, since.modSeq));
    yield transferMagic();
    for (const record of [...records, { kind: 'end' } as const]) {
      yield encodeRecord(record);
      const content = bytes.get(record);
      if (content && content.length > 0) yield* [bytesHeader(content.length), content];
    }
  }

  async accountStanding({ partnerId }: RequestContext, accountId: AccountId): Promise<AccountStanding | undefined> {
    const account = this.state.accounts.get(accountId);
    return partnerId === undefined || partnerId === account?.spec.partnerId ? account?.standing : undefined;
  }

  async arrivingAccount({ partnerId }: RequestContext, accountId: AccountId): Promise<AccountCursor | undefined> {
    const account = this.state.accounts.get(accountId);
    const hidden = partnerId !== undefined && partnerId !== account?.spec.partnerId;
    return account?.standing === 'arriving' && !hidden ? cursorOf(account) : undefined;
  }

  async importAccount(
    context: RequestContext,
    stream: ByteStream,
    as: Partial<AccountSpec> = {},
  ): Promise<AccountCursor> {
    const reader = new TransferReader(stream);
    try {
      const head = { ...(await reader.account()), ...as };
      const account = this.begin(context, head);
      const records: TransferRecord[] = [];
      const received: Unplaced[] = [];
      for (let record = await reader.next(); record.kind !== 'end'; record = await reader.next()) {
        records.push(record);
        if (record.kind === 'message') received.push(await this.receive(reader, record));
      }
      new Arrival(this.state, account).apply(records, received);
      const { until, nextMailbox: nextMailboxId, lastUidValidity } = head;
      const { accountId, email, partnerId, quotaBytes } = head;
      const counters = { modSeq: until.modSeq, nextMessageId: until.nextMessage, nextMailboxId, lastUidValidity };
      Object.assign(account, counters, { spec: { accountId, email, partnerId, quotaBytes } });
      return until;
    } finally {
      await reader.close();
    }
  }

  async admitAccount(context: RequestContext, accountId: AccountId): Promise<AccountInfo> {
    const account = this.state.accounts.get(accountId);
    if (!account || !(await this.arrivingAccount(context, accountId))) throw new MailStoreError('accountNotFound');
    for (const { blobId } of account.unplaced.values()) this.state.release(blobId);
    account.unplaced.clear();
    account.standing = 'open';
    return accountInfo(account);
  }

  async holdAccount(context: RequestContext, accountId: AccountId): Promise<AccountInfo> {
    const account = this.state.account(context, accountId);
    account.standing = 'held';
    return accountInfo(account);
  }

  async releaseAccount(context: RequestContext, accountId: AccountId): Promise<void> {
    this.state.account(context, accountId).standing = 'open';
  }

  async abandonAccount(context: RequestContext, accountId: AccountId): Promise<void> {
    const account = this.state.accounts.get(accountId);
    if (account && (await this.arrivingAccount(context, accountId))) this.state.forgetAccount(account);
  }

  private begin({ partnerId }: RequestContext, head: TransferAccount): Account {
    this.state.assertOpen();
    const { accountId, since } = head;
    const known = this.state.accounts.get(accountId);
    const owner = known?.spec.partnerId ?? head.partnerId;
    if (partnerId !== undefined && (partnerId !== head.partnerId || partnerId !== owner))
      throw new MailStoreError('accountNotFound');
    if (known && known.standing !== 'arriving') throw new MailStoreError('modified', 'the account is here already');
    const account = known ?? this.state.insertAccount(head, 'arriving');
    const { modSeq, nextMessage } = cursorOf(account);
    if (modSeq !== since.modSeq || nextMessage !== since.nextMessage)
      throw new MailStoreError('modified', 'the stream does not begin where the copy ends');
    return account;
  }

  private async receive(reader: TransferReader, record: TransferMessage): Promise<Unplaced> {
    const { id, size, blobId, thread } = record;
    const bytes = await collect(reader.bytes(size), size);
    const parser = this.parse();
    parser.push(bytes);
    const parsed = parser.end();
    this.state.retain(blobId, { bytes, parsed });
    return { messageId: id, blobId, size, threadId: `T${thread}`, preview: parsed.preview, parsed };
  }
}

/** One stream's records, applied in one go. */
class Arrival {
  constructor(
    private readonly state: MemoryState,
    private readonly account: Account,
  ) {}

  apply(records: readonly TransferRecord[], received: readonly Unplaced[]): void {
    const { account, state } = this;
    const listed = records.filter((record) => record.kind === 'mailbox');
    for (const record of listed) this.placeMailbox(record);
    account.subscriptions.clear();
    for (const message of received) this.receive(message);
    for (const record of records) {
      if (record.kind === 'subscriptions') for (const name of record.names) account.subscriptions.add(name);
      if (record.kind === 'placed') this.place(this.box(record.mailbox), record.rows);
      // Of a mailbox that is gone too, nothing is left to bury.
      if (record.kind === 'vanished' && account.mailboxes.has(record.mailbox))
        this.bury(this.box(record.mailbox), record.rows);
      if (record.kind === 'deleted') this.keepDeleted(record.rows);
    }
    this.placeScripts(records);
    this.placeAnnotations(records);
    for (const record of records)
      if (record.kind === 'share') this.box(record.mailbox).shares.set(record.grantee, record.rights);
    const ids = new Set(listed.map(({ id }) => id));
    for (const box of [...account.mailboxes.values()]) {
      if (ids.has(box.id)) continue;
      for (const { blobId } of box.messages.values()) state.release(blobId);
      account.mailboxes.delete(box.id);
    }
    let usedBytes = 0;
    for (const { messages } of account.mailboxes.values()) for (const { size } of messages.values()) usedBytes += size;
    account.usedBytes = usedBytes;
  }

  private placeAnnotations(records: readonly TransferRecord[]): void {
    const { account } = this;
    account.annotations.clear();
    for (const record of records) {
      if (record.kind !== 'annotation') continue;
      const { mailbox, entry } = record;
      const owner = record.owner === '@' ? account.spec.accountId : record.owner;
      const kept = { mailbox, owner, entry, value: Buffer.from(record.value, 'base64') };
      account.annotations.set(annotationKey(kept), kept);
    }
  }

  private placeScripts(records: readonly TransferRecord[]): void {
    const { scripts, goneScripts, memories } = this.account;
    scripts.clear();
    for (const record of records) {
      if (record.kind === 'script') {
        const { kind: _, content: text, ...script } = record;
        const content = Buffer.from(text, 'base64');
        scripts.set(script.id, { ...script, content, bytes: content.length, createdModSeq: script.id });
      }
      if (record.kind === 'goneScripts')
        goneScripts.push(...record.rows.filter(({ id }) => !goneScripts.some((known) => known.id === id)));
      if (record.kind === 'memories')
        for (const { key, until, modSeq } of record.rows) memories.set(key, { until, modSeq });
    }
  }

  private placeMailbox({ id, name, ...record }: TransferMailbox): void {
    const { account, state } = this;
    const known = account.mailboxes.get(id);
    const { role, uidValidity, uidNext, modSeq, recentUid, createdModSeq } = record;
    account.mailboxes.set(id, {
      ...{ id, name: canonicalMailboxName(name, state.limits), role, uidValidity, uidNext, modSeq, recentUid },
      ...{ createdModSeq, messages: known?.messages ?? new Map(), vanished: known?.vanished ?? [], shares: new Map() },
    });
  }

  private receive(message: Unplaced): void {
    const { unplaced, threads } = this.account;
    if (unplaced.has(message.messageId) || this.find(message.messageId)) this.state.release(message.blobId);
    else unplaced.set(message.messageId, message);
    for (const key of threadKeys(message.parsed.envelope, this.state.limits))
      if (!threads.has(key)) threads.set(key, message.threadId);
  }

  private place(box: Box, rows: Extract<TransferRecord, { kind: 'placed' }>['rows']): void {
    const { unplaced } = this.account;
    for (const { message: id, ...row } of rows) {
      const known = unplaced.get(id) ?? this.find(id);
      if (!known) throw new MailStoreError('corrupt', `the stream of an account: message ${id} is missing`);
      const { messageId, blobId, size, threadId, preview, parsed } = known;
      unplaced.delete(id);
      this.account.deleted.delete(id);
      this.takeOut(id);
      box.messages.set(row.uid, { ...row, messageId, blobId, size, threadId, preview, parsed });
    }
    const sorted = [...box.messages].sort(([a], [b]) => a - b);
    box.messages.clear();
    for (const [uid, message] of sorted) box.messages.set(uid, message);
  }

  private bury(box: Box, rows: Extract<TransferRecord, { kind: 'vanished' }>['rows']): void {
    for (const { gone, ...row } of rows) {
      if (!box.vanished.some(({ uid }) => uid === row.uid)) box.vanished.push(row);
      const { unplaced } = this.account;
      const placed = box.messages.get(row.uid);
      box.messages.delete(row.uid);
      if (placed && !gone) unplaced.set(row.message, placed);
      const message = placed ?? unplaced.get(row.message);
      if (!gone || !message) continue;
      unplaced.delete(row.message);
      this.state.release(message.blobId);
    }
  }

  private keepDeleted(rows: Extract<TransferRecord, { kind: 'deleted' }>['rows']): void {
    const { unplaced, deleted } = this.account;
    for (const { message: id, mailbox: mailboxId, name: mailbox, modSeq, at, uid, keywords, internalDate } of rows) {
      const known = unplaced.get(id) ?? this.find(id);
      if (!known) continue;
      unplaced.delete(id);
      this.takeOut(id);
      const message = { ...known, uid, keywords, internalDate, modSeq, createdModSeq: modSeq, savedDate: at };
      deleted.set(id, { message, mailboxId, mailbox, modSeq, at });
    }
  }

  /** From wherever it is. */
  private takeOut(id: MessageId): void {
    for (const { messages } of this.account.mailboxes.values())
      for (const { messageId, uid } of messages.values()) if (messageId === id) messages.delete(uid);
  }

  private box(id: number): Box {
    const box = this.account.mailboxes.get(id);
    if (!box) throw new MailStoreError('corrupt', `the stream of an account: mailbox ${id} was not named`);
    return box;
  }

  private find(id: MessageId): Unplaced | undefined {
    for (const { messages } of this.account.mailboxes.values())
      for (const message of messages.values()) if (message.messageId === id) return message;
    return this.account.deleted.get(id)?.message;
  }
}

const shareRecords = ({ id: mailbox, shares }: Box): readonly TransferRecord[] =>
  [...shares].map(([grantee, rights]) => ({ kind: 'share', mailbox, grantee, rights }));

function annotationRecords({ annotations, spec }: Account): readonly TransferRecord[] {
  return [...annotations.values()].map(({ mailbox, owner, entry, value }) => ({
    ...{ kind: 'annotation', mailbox, owner: owner === spec.accountId ? '@' : owner, entry },
    value: value.toString('base64'),
  }));
}

function scriptRecords({ scripts, goneScripts, memories }: Account, since: number): readonly TransferRecord[] {
  const gone = goneScripts.filter(({ modSeq }) => modSeq > since);
  const kept = [...memories].map(([key, memory]) => ({ key, ...memory })).filter(({ modSeq }) => modSeq > since);
  return [
    ...[...scripts.values()].map(({ id, name, isActive, modSeq, fault, content }) => {
      return { kind: 'script', id, name, isActive, modSeq, fault, content: content.toString('base64') } as const;
    }),
    { kind: 'goneScripts', rows: gone },
    { kind: 'memories', rows: kept },
  ];
}

const cursorOf = ({ modSeq, nextMessageId }: Account): AccountCursor => ({ modSeq, nextMessage: nextMessageId });

function headOf(account: Account, since: AccountCursor): TransferAccount {
  const { spec, nextMailboxId: nextMailbox, lastUidValidity } = account;
  const until = cursorOf(account);
  return {
    kind: 'account',
    version: TRANSFER_VERSION,
    ...spec,
    since: { ...since },
    until,
    nextMailbox,
    lastUidValidity,
  };
}

function mailboxRecord({
  id,
  name,
  role,
  uidValidity,
  uidNext,
  modSeq,
  recentUid,
  createdModSeq,
}: Box): TransferMailbox {
  return {
    ...{ kind: 'mailbox', id, name, role, uidValidity, uidNext, modSeq, recentUid, createdModSeq },
    ...{ updatedModSeq: createdModSeq, forgottenModSeq: 0 },
  };
}

function deletedRecord(deleted: readonly Deleted[], since: number): TransferRecord {
  const rows = deleted
    .filter(({ modSeq }) => modSeq > since)
    .map(({ message: { messageId: message, uid, keywords, internalDate }, mailboxId, mailbox, modSeq, at }) => ({
      ...{ message, mailbox: mailboxId, name: mailbox, uid, keywords: [...keywords], internalDate, modSeq, at },
    }));
  return { kind: 'deleted', rows };
}

function changesOf(box: Box, since: number, living: ReadonlySet<MessageId>): readonly TransferRecord[] {
  const placed = [...box.messages.values()]
    .filter(({ modSeq }) => modSeq > since)
    .map(({ uid, messageId: message, modSeq, createdModSeq, keywords, internalDate, savedDate }) => ({
      ...{ uid, message, modSeq, createdModSeq, keywords: [...keywords], internalDate, savedDate },
    }));
  const vanished = box.vanished
    .filter(({ modSeq }) => modSeq > since)
    .map((row) => ({ ...row, gone: !living.has(row.message) }));
  return [
    { kind: 'placed', mailbox: box.id, rows: placed },
    { kind: 'vanished', mailbox: box.id, rows: vanished },
  ];
}
