import { DEFAULT_IMAP_SYNTAX_LIMITS, type ImapSyntaxLimits } from '#protocol/imap';

/** Bounds of one IMAP session. Each has a default that says where it comes from. */
export interface ImapLimits {
  readonly syntax: ImapSyntaxLimits;
  /** Largest message APPEND takes, told by APPENDLIMIT. Default 50 MiB, the store's own. */
  readonly appendBytesMax: number;
  /** A client that has sent nothing for this long is logged out. RFC 3501 §5.4: at least 30 minutes. */
  readonly idleTimeoutMs: number;
  /** How often IDLE says it is still there, to keep NAT entries alive. 2 minutes is Dovecot's `imap_idle_notify_interval`. */
  readonly idleNotifyMs: number;
  /** A command that takes longer says so, and again after as long: RFC 9585. 10 seconds is Dovecot's interval. */
  readonly progressMs: number;
  /** Commands in a row that are no commands before the connection is closed: 20, as Dovecot. */
  readonly badCommandsMax: number;
  /** SELECT looks for the first unseen message only in mailboxes up to this size; RFC 3501 §6.3.1 lets UNSEEN be left out. */
  readonly firstUnseenMessagesMax: number;
  /** Told when an annotation is too large. The store's own `annotationBytesMax`. */
  readonly annotationBytesMax: number;
  /** Mailboxes NOTIFY watches for one session, some 200 bytes each. The store's own bound on an account's mailboxes is of this order. */
  readonly notifyMailboxesMax: number;
  /** Messages changed by one commit of STORE, so that no commit holds up others for long. */
  readonly storeBatchMessages: number;
}

export const DEFAULT_IMAP_LIMITS: ImapLimits = {
  syntax: DEFAULT_IMAP_SYNTAX_LIMITS,
  appendBytesMax: 50 * 1024 * 1024,
  idleTimeoutMs: 30 * 60_000,
  idleNotifyMs: 2 * 60_000,
  progressMs: 10_000,
  badCommandsMax: 20,
  annotationBytesMax: 16_384,
  firstUnseenMessagesMax: 20_000,
  notifyMailboxesMax: 10_000,
  storeBatchMessages: 2_000,
};
