import type { RequestContext } from '#stdx';
import { MailStoreError } from './errors.ts';
import type { MailStoreLimits } from './limits.ts';
import type { AccountId, ModSeq } from './model.ts';

/** Unique within its account, never reused: the modSeq of its making. */
export type ScriptId = number;

export interface ScriptInfo {
  readonly id: ScriptId;
  /** Net-Unicode, NFC (RFC 5804 §1.6). */
  readonly name: string;
  /** At most one of an account is. */
  readonly isActive: boolean;
  readonly bytes: number;
  readonly createdModSeq: ModSeq;
  /** Of its last change: content, name, or being active. */
  readonly modSeq: ModSeq;
  /** Why its last run that failed did, since its content changed; for its owner. */
  readonly fault: ScriptFault | null;
}

export interface ScriptFault {
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly message: string;
}

export interface StoredScript extends ScriptInfo {
  readonly content: Buffer;
}

/** Something an account remembers for a while: whom it answered, which message it has seen. */
export interface Memory {
  readonly accountId: AccountId;
  /** At most 255 characters. */
  readonly key: string;
  /** Milliseconds since the epoch; forgotten from then on. */
  readonly until: number;
}

/** A run of an account's active script that failed. */
export interface FailedRun extends ScriptFault {
  readonly accountId: AccountId;
}

/** An account's Sieve scripts. The store keeps text and order; what a script means it does not know. */
export interface AccountScripts {
  /** By name. */
  list(context: RequestContext, accountId: AccountId): Promise<readonly ScriptInfo[]>;
  /** Rejects `scriptNotFound`. */
  get(context: RequestContext, accountId: AccountId, name: string): Promise<StoredScript>;
  /**
   * The script to run at a delivery, `undefined` when there is none, or no such account yet. What it returns may not be durable
   * yet: a delivery that follows from it is committed after it. Throws `unavailable` once the store is closed.
   */
  active(accountId: AccountId): StoredScript | undefined;
  /** Makes it, or gives it another content; being active stays. Rejects `scriptNameInvalid`, `limitExceeded`. */
  put(context: RequestContext, accountId: AccountId, name: string, content: Uint8Array): Promise<ScriptInfo>;
  /** Rejects `limitExceeded` where `put` of so many bytes would. */
  assertRoom(context: RequestContext, accountId: AccountId, name: string, bytes: number): Promise<void>;
  /** Rejects `scriptNotFound`, `scriptExists`, `scriptNameInvalid`. */
  rename(context: RequestContext, accountId: AccountId, from: string, to: string): Promise<ScriptInfo>;
  /** `null` makes none active. Rejects `scriptNotFound`. */
  activate(context: RequestContext, accountId: AccountId, name: string | null): Promise<void>;
  /** Rejects `scriptNotFound`; `scriptActive` for the active one (RFC 5804 §2.10). */
  delete(context: RequestContext, accountId: AccountId, name: string): Promise<void>;
  changes(context: RequestContext, accountId: AccountId, since: ModSeq): Promise<ScriptChanges>;
  /** Whether the account remembers the key now. */
  remembers(accountId: AccountId, key: string): Promise<boolean>;
}

/** What changed after a modSeq. */
export interface ScriptChanges {
  /** The account's. */
  readonly modSeq: ModSeq;
  readonly changed: readonly ScriptInfo[];
  readonly gone: readonly { readonly id: ScriptId; readonly modSeq: ModSeq }[];
  /** False when tombstones that old are forgotten: of each account the last `SCRIPT_TOMBSTONES_MAX` are kept. */
  readonly exact: boolean;
}

export const SCRIPT_TOMBSTONES_MAX = 1_000;

// RFC 5804 §1.6: no controls, no line separators.
const FORBIDDEN = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/;

/** The stored form of a script's name: NFC. Throws `scriptNameInvalid`. */
export function canonicalScriptName(name: string, limits: MailStoreLimits): string {
  const invalid = (why: string): MailStoreError => new MailStoreError('scriptNameInvalid', why);
  if (name === '' || !name.isWellFormed() || FORBIDDEN.test(name)) throw invalid('forbidden character in name');
  const canonical = name.slice(0, limits.scriptNameBytesMax + 1).normalize('NFC');
  if (name.length > limits.scriptNameBytesMax || Buffer.byteLength(canonical) > limits.scriptNameBytesMax)
    throw invalid('name too long');
  return canonical;
}
