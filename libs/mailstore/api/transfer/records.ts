import { z } from 'zod';

/** Version of the stream this program writes. A reader refuses a higher one; a step of the format that old readers can skip keeps it. */
export const TRANSFER_VERSION = 1;

const natural = z.number().int().min(0);
const positive = z.number().int().min(1);
const id = z.number().int().min(1).max(0xffff_ffff);
const time = z.number().int();
const cursor = z.object({ modSeq: natural, nextMessage: positive });
const ROLES = ['inbox', 'drafts', 'sent', 'junk', 'trash', 'archive', 'all', 'flagged', 'important'] as const;

/** First of a stream: whose it is, where it begins, and where the copy is once all of it has been taken in. */
const account = z.object({
  kind: z.literal('account'),
  version: positive,
  accountId: z.string().min(1).max(255),
  email: z.string().max(1_000),
  partnerId: z.string().min(1).max(255),
  quotaBytes: natural,
  since: cursor,
  until: cursor,
  nextMailbox: id,
  lastUidValidity: natural,
});

/** All the account's mailboxes come in every stream; one that does not is gone. */
const mailbox = z.object({
  kind: z.literal('mailbox'),
  id,
  name: z.string().min(1),
  role: z.enum(ROLES).nullable(),
  uidValidity: id,
  uidNext: positive.max(0x1_0000_0000),
  modSeq: natural,
  recentUid: positive.max(0x1_0000_0000),
  createdModSeq: natural,
  updatedModSeq: natural,
  forgottenModSeq: natural,
});

/** A mailbox that was deleted: its tombstone. */
const goneMailbox = z.object({ kind: z.literal('goneMailbox'), id, name: z.string(), modSeq: natural, at: time });

/** All names subscribed to, in any number of records. */
const subscriptions = z.object({ kind: z.literal('subscriptions'), names: z.array(z.string()) });

/** All the account's scripts come in every stream; one that does not is gone. `content` is base64. */
const script = z.object({
  kind: z.literal('script'),
  id: positive,
  name: z.string().min(1),
  isActive: z.boolean(),
  modSeq: positive,
  fault: z.object({ at: time, message: z.string() }).nullable(),
  content: z.string(),
});

/** Tombstones of scripts. */
const goneScripts = z.object({
  kind: z.literal('goneScripts'),
  rows: z.array(z.object({ id: positive, modSeq: positive })),
});

/** What the account remembers, new or changed. */
const memories = z.object({
  kind: z.literal('memories'),
  rows: z.array(z.object({ key: z.string().max(255), until: time, modSeq: positive })),
});

/** All the account's annotations come in every stream; one that does not is gone. `mailbox` 0: the account's own; `owner` '@': the account itself; `value` is base64. */
const annotation = z.object({
  kind: z.literal('annotation'),
  mailbox: natural,
  owner: z.string(),
  entry: z.string().min(1).max(255),
  value: z.string(),
});

/** Who else may do what with its mailboxes, all of it in every stream. `grantee` is an account's id, or 'anyone'. */
const share = z.object({
  kind: z.literal('share'),
  mailbox: id,
  grantee: z.string().min(1),
  rights: z.string().min(1),
});

/** A message's bytes follow it. Ascending id. */
const message = z.object({
  ...{ kind: z.literal('message'), id, size: natural, blobId: z.string().length(64), thread: id },
  /** How old its bytes are, for tiering: milliseconds since the epoch. Not there in streams of older programs. */
  at: time.exactOptional(),
});

/** Messages as they are seen in a mailbox, new or changed; ascending uid. */
const placed = z.object({
  kind: z.literal('placed'),
  mailbox: id,
  rows: z.array(
    z.object({
      uid: id,
      message: id,
      modSeq: positive,
      createdModSeq: positive,
      keywords: z.array(z.string()),
      internalDate: time,
      savedDate: time,
    }),
  ),
});

/** Tombstones. `gone`: the message itself is no more, it did not only move. */
const vanished = z.object({
  kind: z.literal('vanished'),
  mailbox: id,
  rows: z.array(z.object({ uid: id, message: id, modSeq: positive, at: time, gone: z.boolean() })),
});

/** Deleted messages that can still be restored; their bytes came with the others. */
const deleted = z.object({
  kind: z.literal('deleted'),
  rows: z.array(
    z.object({
      message: id,
      mailbox: id,
      name: z.string().min(1),
      uid: id,
      keywords: z.array(z.string()),
      internalDate: time,
      modSeq: positive,
      at: time,
    }),
  ),
});

/** Last of a stream: nothing was cut off. */
const end = z.object({ kind: z.literal('end') });

export const transferRecord = z.discriminatedUnion('kind', [
  account,
  mailbox,
  goneMailbox,
  subscriptions,
  script,
  goneScripts,
  memories,
  annotation,
  share,
  message,
  placed,
  vanished,
  deleted,
  end,
]);

export type TransferRecord = z.infer<typeof transferRecord>;
export type TransferAccount = z.infer<typeof account>;
export type TransferMailbox = z.infer<typeof mailbox>;
export type TransferDeleted = z.infer<typeof deleted>['rows'][number];
export type TransferGoneMailbox = z.infer<typeof goneMailbox>;
export type TransferScript = z.infer<typeof script>;
export type TransferGoneScript = z.infer<typeof goneScripts>['rows'][number];
export type TransferMemory = z.infer<typeof memories>['rows'][number];
export type TransferAnnotation = z.infer<typeof annotation>;
export type TransferShare = z.infer<typeof share>;
export type TransferMessage = z.infer<typeof message>;
export type TransferPlaced = z.infer<typeof placed>['rows'][number];
export type TransferVanished = z.infer<typeof vanished>['rows'][number];
