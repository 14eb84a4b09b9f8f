import type { ByteStream, RequestContext } from '#stdx';
import type { AccountId, AccountInfo, AccountSpec, MessageId, ModSeq } from '../model.ts';

/** How far a copy of an account has come: everything of before it is there. An account's own state is a cursor too. */
export interface AccountCursor {
  readonly modSeq: ModSeq;
  /** Messages from this one on are not in the copy yet. */
  readonly nextMessage: MessageId;
}

/** `open`: the account itself. `held`: the account, refusing changes because it leaves. `arriving`: a copy that is nobody's yet. */
export type AccountStanding = 'open' | 'arriving' | 'held';

/** Nothing has been copied. */
export const START: AccountCursor = { modSeq: 0, nextMessage: 1 };

/**
 * An account as one stream, and its way from one volume to another: mailboxes, subscriptions, scripts, memories, messages with their bytes,
 * tombstones; uids, uidValidity, modSeqs, message and thread ids stay what they are. Queue entries are the volume's, not the
 * account's, and stay behind.
 *
 * A move is: `exportAccount` → `importAccount`; again from the cursor that gave, until little is left; `holdAccount` at the
 * source; the last delta; `admitAccount` at the target; the placement flips; `removeAccount` at the source after a grace time. Until it is admitted
 * the copy is nobody's: it is not listed, counted, delivered to or read. Each step may be repeated after a crash.
 */
export interface AccountTransfer {
  /**
   * What changed after the cursor; everything by default. Reads while others write: what changes meanwhile is in it or in the
   * next one. Rejects `modified` when tombstones since the cursor are gone: the copy has to begin anew.
   */
  exportAccount(context: RequestContext, accountId: AccountId, since?: AccountCursor): ByteStream;
  /** What is here under this id; `undefined` when there is nothing. */
  accountStanding(context: RequestContext, accountId: AccountId): Promise<AccountStanding | undefined>;
  /** How far the copy here has come, `undefined` when there is none. */
  arrivingAccount(context: RequestContext, accountId: AccountId): Promise<AccountCursor | undefined>;
  /**
   * Takes a stream in, many commits; resolves with where the copy is now. `as` gives the copy another id, address, partner or
   * quota. One that broke off may be given again. Rejects `modified` when the stream does not begin where the copy ends or the account is here
   * already, `corrupt` when it is no such stream or ends early. Quota does not apply: the mail is the account's already.
   */
  importAccount(context: RequestContext, stream: ByteStream, as?: Partial<AccountSpec>): Promise<AccountCursor>;
  /** Makes a copy that has arrived the account. */
  admitAccount(context: RequestContext, accountId: AccountId): Promise<AccountInfo>;
  /** Refuses every change of the account `stale` from now on, also after a crash; it can be read and exported. */
  holdAccount(context: RequestContext, accountId: AccountId): Promise<AccountInfo>;
  /** Ends a hold: the move is off. */
  releaseAccount(context: RequestContext, accountId: AccountId): Promise<void>;
  /** Drops a copy that has not been admitted. One that is not there is dropped already. */
  abandonAccount(context: RequestContext, accountId: AccountId): Promise<void>;
}
