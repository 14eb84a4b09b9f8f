import {
  type AppendItem,
  type ChangedMessage,
  type CopiedUids,
  canonicalKeywords,
  changedKeywords,
  inRanges,
  type KeywordChange,
  type MailboxChanges,
  type MailboxId,
  type MailboxRef,
  MailStoreError,
  type MessageSummary,
  type ModSeq,
  normalRanges,
  type ReplacedMessage,
  threadKeys,
  type Uid,
  type UidRange,
} from '#mailstore/api';
import type { ParsedMessage } from '#protocol/message';
import type { RequestContext } from '#stdx';
import { letGo } from './deleted.ts';
import type { Account, Box, MemoryState, Message, Touch } from './state.ts';

const UID_MAX = 0xffff_ffff;

export interface NewMessage {
  readonly blobId: string;
  readonly bytes: Buffer;
  readonly parsed: ParsedMessage;
  readonly keywords: readonly string[];
  readonly internalDate: number;
}

export function addMessage(state: MemoryState, touch: Touch, box: Box, item: NewMessage): Message {
  const { account, modSeq } = touch;
  const { blobId, bytes, parsed, keywords, internalDate } = item;
  state.retain(blobId, { bytes, parsed });
  const messageId = account.nextMessageId++;
  const threadId = threadOf(state, account, parsed, messageId);
  const savedDate = state.clock.now();
  const { size, preview } = parsed;
  return place(touch, box, {
    ...{ uid: 0, messageId, modSeq, createdModSeq: modSeq, keywords, blobId, size },
    ...{ internalDate, savedDate, threadId, preview, parsed },
  });
}

/** Gives the message the mailbox's next uid. */
export function place(touch: Touch, box: Box, message: Message): Message {
  const { account, modSeq } = touch;
  const placed = { ...message, uid: box.uidNext++, modSeq, createdModSeq: modSeq };
  box.messages.set(placed.uid, placed);
  box.modSeq = modSeq;
  account.usedBytes += placed.size;
  touch.mailboxes.add(box.id);
  return placed;
}

/** By References and In-Reply-To within the account: the oldest thread one of them belongs to, else a new one. */
function threadOf(state: MemoryState, account: Account, { envelope }: ParsedMessage, messageId: number): string {
  const ids = threadKeys(envelope, state.limits);
  const known = ids.flatMap((id) => account.threads.get(id) ?? []);
  const threadId = known.sort((a, b) => Number(a.slice(1)) - Number(b.slice(1)))[0] ?? `T${messageId}`;
  for (const id of ids) if (!account.threads.has(id)) account.threads.set(id, threadId);
  return threadId;
}

function remove(touch: Touch, box: Box, message: Message): void {
  box.messages.delete(message.uid);
  const { uid, messageId } = message;
  box.vanished.push({ uid, message: messageId, modSeq: touch.modSeq, at: touch.at });
  box.modSeq = touch.modSeq;
  touch.account.usedBytes -= message.size;
  touch.mailboxes.add(box.id);
}

export function moveAll(touch: Touch, from: Box, to: Box, messages: readonly Message[], now: number): readonly Uid[] {
  return messages.map((message) => {
    remove(touch, from, message);
    return place(touch, to, { ...message, savedDate: now }).uid;
  });
}

export function selected(box: Box, ranges: readonly UidRange[]): readonly Message[] {
  const normal = normalRanges(ranges);
  return [...box.messages.values()].filter((message) => inRanges(normal, message.uid));
}

/** Why `messages` more with that many bytes cannot enter, if so. `box` is undefined while it is yet to be made, `replaced` goes as they come. */
export function roomFor(
  { limits }: MemoryState,
  { spec, usedBytes, mailboxes }: Account,
  box: Box | undefined,
  messages: number,
  bytes: number,
  replaced?: Message,
): 'overQuota' | 'limitExceeded' | undefined {
  if (spec.quotaBytes > 0 && usedBytes + bytes - (replaced?.size ?? 0) > spec.quotaBytes) return 'overQuota';
  let held = replaced ? -1 : 0;
  for (const each of mailboxes.values()) held += each.messages.size;
  if (held + messages > limits.messagesMax) return 'overQuota';
  return (box?.uidNext ?? 1) + messages - 1 > UID_MAX ? 'limitExceeded' : undefined;
}

export function append(
  state: MemoryState,
  context: RequestContext,
  mailbox: MailboxRef,
  items: readonly AppendItem[],
  bytesOf: (item: AppendItem) => Buffer,
  replaces?: ReplacedMessage,
): readonly { readonly uid: Uid; readonly messageId: number }[] {
  const { account, box } = state.box(context, mailbox);
  const prepared = items.map((item) => ({
    blobId: item.message.blobId,
    bytes: bytesOf(item),
    parsed: item.message.parsed,
    keywords: canonicalKeywords(item.keywords, state.limits),
    internalDate: item.internalDate,
  }));
  const from = replaces && state.box(context, { ...mailbox, mailboxId: replaces.mailboxId }).box;
  const replaced = replaces && from?.messages.get(replaces.uid);
  if (replaces && !replaced) throw new MailStoreError('messageNotFound');
  const bytes = items.reduce((sum, item) => sum + item.message.size, 0);
  const refusal = roomFor(state, account, box, items.length, bytes, replaced);
  if (refusal) throw new MailStoreError(refusal);
  if (items.length === 0) return [];
  const touch = state.touch(account);
  if (from && replaced) {
    remove(touch, from, replaced);
    letGo(state, touch, from, replaced);
  }
  const added = prepared.map((item) => addMessage(state, touch, box, item));
  state.publish([touch]);
  return added.map(({ uid, messageId }) => ({ uid, messageId }));
}

export function setKeywords(
  state: MemoryState,
  context: RequestContext,
  mailbox: MailboxRef,
  ranges: readonly UidRange[],
  change: KeywordChange,
): { readonly changed: readonly ChangedMessage[]; readonly modified: readonly Uid[] } {
  const { account, box } = state.box(context, mailbox);
  const keywords = canonicalKeywords(change.keywords, state.limits);
  const { unchangedSince = Infinity } = change;
  const all = selected(box, ranges);
  const modified = all.filter((message) => message.modSeq > unchangedSince).map(({ uid }) => uid);
  const wanted = all
    .filter((message) => message.modSeq <= unchangedSince)
    .map((message) => ({ message, after: changedKeywords(message.keywords, keywords, change, state.limits) }));
  if (wanted.some(({ message, after }) => !sameKeywords(message.keywords, after))) {
    const touch = state.touch(account);
    for (const { message, after } of wanted) {
      if (sameKeywords(message.keywords, after)) continue;
      box.messages.set(message.uid, { ...message, keywords: after, modSeq: touch.modSeq });
    }
    box.modSeq = touch.modSeq;
    touch.mailboxes.add(box.id);
    state.publish([touch]);
  }
  const changed = wanted.map(({ message }) => ({
    ...summary(box.messages.get(message.uid) ?? message),
    previousModSeq: message.modSeq,
  }));
  return { changed, modified };
}

const sameKeywords = (a: readonly string[], b: readonly string[]): boolean => a.join(' ') === b.join(' ');

export function copyOrMove(
  state: MemoryState,
  context: RequestContext,
  source: MailboxRef,
  ranges: readonly UidRange[],
  target: MailboxId,
  move: boolean,
): CopiedUids {
  const { account, box } = state.box(context, source);
  const { box: to } = state.box(context, { accountId: source.accountId, mailboxId: target });
  const messages = selected(box, ranges);
  const bytes = move ? 0 : messages.reduce((sum, { size }) => sum + size, 0);
  const refusal = roomFor(state, account, to, messages.length, bytes);
  if (refusal && !(move && refusal === 'overQuota')) throw new MailStoreError(refusal);
  const result = { mailboxId: target, uidValidity: to.uidValidity, source: messages.map(({ uid }) => uid) };
  if (messages.length === 0) return { ...result, target: [], modSeq: account.modSeq };
  const touch = state.touch(account);
  const uids = move
    ? moveAll(touch, box, to, messages, state.clock.now())
    : messages.map((message) => copyOne(state, touch, to, message));
  state.publish([touch]);
  return { ...result, target: uids, modSeq: touch.modSeq };
}

function copyOne(state: MemoryState, touch: Touch, to: Box, message: Message): Uid {
  const blob = state.blobs.get(message.blobId);
  if (blob) blob.references += 1;
  const messageId = touch.account.nextMessageId++;
  return place(touch, to, { ...message, messageId, savedDate: state.clock.now() }).uid;
}

export function expunge(
  state: MemoryState,
  context: RequestContext,
  mailbox: MailboxRef,
  ranges: readonly UidRange[],
  any: boolean,
): { readonly uids: readonly Uid[]; readonly modSeq: ModSeq } {
  const { account, box } = state.box(context, mailbox);
  const doomed = selected(box, ranges).filter(({ keywords }) => any || keywords.includes('$deleted'));
  if (doomed.length === 0) return { uids: [], modSeq: box.modSeq };
  const touch = state.touch(account);
  for (const message of doomed) {
    remove(touch, box, message);
    letGo(state, touch, box, message);
  }
  state.publish([touch]);
  return { uids: doomed.map(({ uid }) => uid), modSeq: touch.modSeq };
}

export function changes(
  state: MemoryState,
  context: RequestContext,
  mailbox: MailboxRef,
  since: ModSeq,
): MailboxChanges {
  const { box } = state.box(context, mailbox);
  const changed = [...box.messages.values()]
    .filter((message) => message.modSeq > since)
    .map((message) => ({ ...summary(message), created: message.createdModSeq > since }));
  const vanished = box.vanished
    .filter(({ modSeq }) => modSeq > since)
    .map(({ uid, modSeq }) => ({ uid, modSeq }))
    .sort((a, b) => a.uid - b.uid);
  return { modSeq: box.modSeq, uidNext: box.uidNext, changed, vanished, exact: true };
}

function summary({ uid, messageId, modSeq, keywords }: Message): MessageSummary {
  return { uid, messageId, modSeq, keywords };
}
