import {
  type AccountCursor,
  type AccountId,
  type AccountSpec,
  MailStoreError,
  type TransferAccount,
  type TransferAnnotation,
  type TransferMailbox,
  type TransferMessage,
  TransferReader,
  type TransferRecord,
  type TransferShare,
} from '#mailstore/api';
import type { ByteStream, RequestContext } from '#stdx';
import type { CommitLoop } from '../commit-loop.ts';
import type { AccountEdit, Edit } from '../edit.ts';
import { bury as buryScript } from '../scripts.ts';
import type { VolumeSettings } from '../settings.ts';
import type { StagedContent, Staging } from '../staging.ts';
import {
  arrivingAccount,
  beginArrival,
  buryMailbox,
  buryMessages,
  clearNames,
  endArrival,
  keepDeleted,
  placeMailbox,
  placeMessages,
  receiveMessage,
  removeUnlisted,
  replaceSubscriptions,
} from './arriving.ts';
import { replaceAnnotations, replaceShares } from './arriving-annotations.ts';
import { placeMemories, placeScript, removeUnlistedScripts } from './arriving-scripts.ts';

interface Received {
  readonly record: TransferMessage;
  readonly content: StagedContent;
}

/** What taking a stream in needs of the volume. */
export interface ImportParts {
  readonly loop: CommitLoop;
  readonly staging: Staging;
  readonly settings: VolumeSettings;
}

/** Takes one stream in, a slice a commit. `underWay`: the accounts others take one in for. */
export class AccountImport {
  private readonly names = new Map<number, string>();
  private readonly mailboxes: TransferMailbox[] = [];
  private readonly subscriptions: string[] = [];
  private readonly scripts = new Set<number>();
  private readonly annotations: TransferAnnotation[] = [];
  private readonly shares: TransferShare[] = [];
  private received: Received[] = [];
  private receivedBytes = 0;
  /** Messages of before this stream that it has placed: they moved. */
  private readonly moved = new Set<number>();
  private treeIsPlaced = false;

  constructor(
    private readonly parts: ImportParts,
    private readonly context: RequestContext,
    private readonly reader: TransferReader,
    private readonly head: TransferAccount,
  ) {}

  static async run(
    parts: ImportParts,
    context: RequestContext,
    stream: ByteStream,
    as: Partial<AccountSpec>,
    underWay: Set<AccountId>,
  ): Promise<AccountCursor> {
    const reader = new TransferReader(stream);
    let begun: AccountId | undefined;
    try {
      const head = { ...(await reader.account()), ...as };
      if (underWay.has(head.accountId)) throw new MailStoreError('modified', 'another stream of it is being taken in');
      begun = head.accountId;
      underWay.add(begun);
      return await new AccountImport(parts, context, reader, head).run();
    } finally {
      if (begun !== undefined) underWay.delete(begun);
      await reader.close();
    }
  }

  private async run(): Promise<AccountCursor> {
    const { loop } = this.parts;
    const { context, head } = this;
    await loop.submit({ contents: [], grows: true, run: (edit) => beginArrival(edit, context, head) });
    try {
      for (;;) {
        const record = await this.reader.next();
        if (record.kind === 'end') break;
        await this.take(record);
      }
      await this.placeTree();
      await this.storeReceived();
    } finally {
      for (const { content } of this.received) content.message.discard();
    }
    return this.commit((edit, account) => {
      removeUnlisted(edit, account, new Set(this.names.keys()), head.until.modSeq);
      removeUnlistedScripts(edit, account, this.scripts);
      replaceAnnotations(edit, account, this.annotations);
      replaceShares(edit, account, this.shares);
      return endArrival(account, head);
    });
  }

  private async take(record: TransferRecord): Promise<void> {
    switch (record.kind) {
      case 'mailbox':
        this.names.set(record.id, record.name);
        this.mailboxes.push(record);
        return;
      case 'subscriptions':
        this.subscriptions.push(...record.names);
        return;
      case 'script':
        this.scripts.add(record.id);
        await this.commit((edit, account) => placeScript(edit, account, record));
        return;
      case 'annotation':
        this.annotations.push(record);
        return;
      case 'share':
        this.shares.push(record);
        return;
      case 'goneScripts':
        return this.inSlices(record.rows, (edit, account, rows) => {
          for (const { id, modSeq } of rows) buryScript(edit, account, id, modSeq);
        });
      case 'memories':
        return this.inSlices(record.rows, (edit, account, rows) => placeMemories(edit, account, rows));
      case 'goneMailbox':
        await this.commit((edit, account) => buryMailbox(edit, account, record));
        return;
      case 'message':
        return this.receive(record);
      case 'placed':
        await this.storeReceived();
        for (const { message } of record.rows) if (message < this.head.since.nextMessage) this.moved.add(message);
        return this.inSlices(record.rows, (edit, account, rows) => placeMessages(edit, account, record.mailbox, rows));
      case 'vanished':
        await this.storeReceived();
        return this.inSlices(record.rows, (edit, account, rows) =>
          buryMessages(edit, account, record.mailbox, rows, (message) => this.moved.has(message)),
        );
      case 'deleted':
        await this.storeReceived();
        return this.inSlices(record.rows, keepDeleted);
      default:
        throw new MailStoreError('corrupt', 'the stream of an account: a record is out of its place');
    }
  }

  private async receive(record: TransferMessage): Promise<void> {
    const { staging, settings } = this.parts;
    const message = await staging.stage(this.reader.bytes(record.size));
    const content = staging.content(message);
    this.received.push({ record, content });
    this.receivedBytes += content.large ? 0 : content.size;
    if (message.blobId !== record.blobId)
      throw new MailStoreError(
        'corrupt',
        `the stream of an account: the bytes of message ${record.id} are not its own`,
      );
    const { bulkMessagesMax, commitBytesMax } = settings;
    if (this.received.length >= bulkMessagesMax || this.receivedBytes >= commitBytesMax) await this.storeReceived();
  }

  private async storeReceived(): Promise<void> {
    await this.placeTree();
    const batch = this.received;
    if (batch.length === 0) return;
    await this.commit(
      (edit, account) => {
        for (const { record, content } of batch) receiveMessage(edit, account, record, content);
      },
      batch.map(({ content }) => content),
    );
    for (const { content } of batch) content.message.discard();
    this.received = [];
    this.receivedBytes = 0;
  }

  /** Mailboxes and subscriptions come before what they hold. */
  private async placeTree(): Promise<void> {
    if (this.treeIsPlaced) return;
    this.treeIsPlaced = true;
    await this.commit((edit, account) => clearNames(edit, account, this.names));
    await this.inSlices(this.mailboxes, (edit, account, mailboxes) => {
      for (const mailbox of mailboxes) placeMailbox(edit, account, mailbox);
    });
    await this.commit((edit, account) => replaceSubscriptions(edit, account, this.subscriptions));
  }

  private async inSlices<Row>(
    rows: readonly Row[],
    run: (edit: Edit, account: AccountEdit, slice: readonly Row[]) => void,
  ): Promise<void> {
    const { bulkMessagesMax } = this.parts.settings;
    for (let at = 0; at < rows.length; at += bulkMessagesMax)
      await this.commit((edit, account) => run(edit, account, rows.slice(at, at + bulkMessagesMax)));
  }

  private commit<T>(run: (edit: Edit, account: AccountEdit) => T, contents: readonly StagedContent[] = []): Promise<T> {
    const { context, head } = this;
    return this.parts.loop.submit({
      ...{ contents, grows: true },
      run: (edit) => run(edit, arrivingAccount(edit, context, head.accountId)),
    });
  }
}
