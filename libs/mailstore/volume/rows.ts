import type { AccountInfo, AccountStanding, Mailbox, MailboxRole } from '#mailstore/api';

/** `arriving`: a copy not admitted yet, which nobody sees. `held`: on its way to another volume, it refuses changes. */

/** A row of `account`. `number` is the account's key inside this volume, never reused. */
export interface AccountRow {
  readonly number: number;
  readonly id: string;
  email: string;
  partnerId: string;
  quotaBytes: number;
  usedBytes: number;
  messages: number;
  modSeq: number;
  nextMailbox: number;
  nextMessage: number;
  lastUidValidity: number;
  standing: AccountStanding;
}

export const ACCOUNT_COLUMNS = `number, id, email, partner_id AS partnerId, quota_bytes AS quotaBytes,
  used_bytes AS usedBytes, messages, mod_seq AS modSeq, next_mailbox AS nextMailbox,
  next_message AS nextMessage, last_uid_validity AS lastUidValidity, standing`;

export function accountInfo(row: AccountRow): AccountInfo {
  const { id, email, partnerId, modSeq, quotaBytes, usedBytes, messages } = row;
  return { accountId: id, email, partnerId, modSeq, quotaBytes, usedBytes, messages };
}

/** A row of `mailbox`. */
export interface MailboxRow {
  readonly account: number;
  readonly id: number;
  name: string;
  role: MailboxRole | null;
  uidValidity: number;
  uidNext: number;
  modSeq: number;
  recentUid: number;
  messages: number;
  unseen: number;
  deleted: number;
  sizeBytes: number;
  createdModSeq: number;
  updatedModSeq: number;
  /** Tombstones up to this modSeq are gone. */
  forgottenModSeq: number;
}

export const MAILBOX_COLUMNS = `account, id, name, role, uid_validity AS uidValidity, uid_next AS uidNext,
  mod_seq AS modSeq, recent_uid AS recentUid, messages, unseen, deleted, size_bytes AS sizeBytes,
  created_mod_seq AS createdModSeq, updated_mod_seq AS updatedModSeq, forgotten_mod_seq AS forgottenModSeq`;

export function mailboxView(row: MailboxRow, subscribed: boolean): Mailbox {
  const { id, name, role, uidValidity, uidNext, modSeq, messages, unseen, deleted, sizeBytes, recentUid } = row;
  const { createdModSeq } = row;
  return {
    ...{ id, name, role, subscribed, uidValidity, uidNext, modSeq },
    ...{ messages, unseen, deleted, sizeBytes, recentUid, createdModSeq },
  };
}

/** A message in a mailbox: the narrow row. */
export interface MembershipRow {
  readonly uid: number;
  readonly message: number;
  readonly modSeq: number;
  readonly createdModSeq: number;
  /** As stored: ' $a $b '. */
  readonly keywords: string;
  readonly size: number;
  readonly internalDate: number;
  readonly savedDate: number;
  readonly sentAt: number | null;
}

export const MEMBERSHIP_COLUMNS = `uid, message, mod_seq AS modSeq, created_mod_seq AS createdModSeq, keywords, size,
  internal_date AS internalDate, saved_date AS savedDate, sent_at AS sentAt`;

/** Key of the wide row: account and message packed. Both stay exact: accounts below 2^21, messages below 2^32. */
export function messageKey(account: number, message: number): number {
  return account * 2 ** 32 + message;
}

// Messages of a mailbox share a handful of keyword sets: reading them must not build a hundred thousand arrays.
const keywordSets = new Map<string, readonly string[]>();
const KEYWORD_SETS_MAX = 4_096;

export function keywordsOf(stored: string): readonly string[] {
  let set = keywordSets.get(stored);
  if (!set) {
    set = Object.freeze(stored === '' ? [] : stored.slice(1, -1).split(' '));
    if (keywordSets.size >= KEYWORD_SETS_MAX) keywordSets.clear();
    keywordSets.set(stored, set);
  }
  return set;
}

export function storedKeywords(keywords: readonly string[]): string {
  return keywords.length === 0 ? '' : ` ${keywords.join(' ')} `;
}

export const isSeen = (stored: string): boolean => stored.includes(' $seen ');
export const isDeleted = (stored: string): boolean => stored.includes(' $deleted ');
