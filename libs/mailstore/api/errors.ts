/** Why a store refused. Each protocol maps the whole union to its own wire codes in one exhaustive switch. */
export type MailStoreErrorCode =
  /** No such account on this volume. */
  | 'accountNotFound'
  | 'mailboxNotFound'
  | 'mailboxExists'
  /** INBOX and role mailboxes cannot be deleted or given an invalid name. */
  | 'mailboxProtected'
  /** The name is empty, too long, too deep or holds a forbidden character. */
  | 'mailboxNameInvalid'
  | 'messageNotFound'
  /** The account's quota would be exceeded. */
  | 'overQuota'
  /** The message is larger than the store accepts. */
  | 'messageTooLarge'
  /** Too many mailboxes, keywords, scripts or queue entries. */
  | 'limitExceeded'
  /** Keyword is empty, too long or holds a forbidden character. */
  | 'keywordInvalid'
  | 'scriptNotFound'
  | 'scriptExists'
  /** The active script is not deleted. */
  | 'scriptActive'
  /** The name is empty, too long or holds a forbidden character. */
  | 'scriptNameInvalid'
  /** Shared with the acting account, which may not do this. */
  | 'notPermitted'
  /** Nobody of this volume and partner to share with. */
  | 'granteeNotFound'
  /** The name of an annotation is none. */
  | 'annotationInvalid'
  /** Its value is too large. */
  | 'annotationTooLarge'
  /** UNCHANGEDSINCE-like precondition failed. */
  | 'modified'
  /** The storage has no room: temporary. */
  | 'diskFull'
  /** The volume is closed, closing, fenced or failed: temporary, another owner will serve it. */
  | 'unavailable'
  /** The message's bytes are on cold storage that does not answer: temporary; everything else goes on. */
  | 'bytesUnavailable'
  /** The volume's epoch is not the caller's, or the account is moving to or from another volume: look again where it is. */
  | 'stale'
  /** Stored bytes failed their checksum or are missing. */
  | 'corrupt';

/** An operating error of the store. `message` is for logs; protocols choose their own words. */
export class MailStoreError extends Error {
  override readonly name = 'MailStoreError';
  constructor(
    readonly code: MailStoreErrorCode,
    message: string = code,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}
