/** What one store accepts. Every engine takes a `Partial` of it; the defaults say where they come from. */
export interface MailStoreLimits {
  /** Bytes of one message. Default 50 MiB: what Gmail takes in (support.google.com/mail/answer/6584), above Exchange Online's 36 MB default. */
  readonly messageBytesMax: number;
  /** Mailboxes of one account. Default 10,000: an order above what mail clients show without trouble. */
  readonly mailboxesMax: number;
  /** Messages of one account. Default 10,000,000: ten folders of the million that Exchange Online allows each (learn.microsoft.com, Exchange Online limits). */
  readonly messagesMax: number;
  /** Names one account may subscribe to, existing or not. Default twice `mailboxesMax`. */
  readonly subscriptionsMax: number;
  /** UTF-8 bytes of a mailbox name. Default 1,000, as `Mailbox.name` promises. */
  readonly mailboxNameBytesMax: number;
  /** Levels of a mailbox name. Default 20, as `Mailbox.name` promises. */
  readonly mailboxDepthMax: number;
  /** Keywords on one message. Default 100: RFC 8621 §4.1.1 sets none; Dovecot's index keeps 30 fast ones. */
  readonly keywordsPerMessageMax: number;
  /** Bytes of an annotation's value. Default 16 KiB: RFC 5464 sets none; colours, orders and notes are short. */
  readonly annotationBytesMax: number;
  /** Annotations of one account, those of its mailboxes included. Default 1,000. */
  readonly annotationsMax: number;
  /** Entries of the outbound queue. Default 1,000,000: what a volume can hold and list without stalling. */
  readonly queueEntriesMax: number;
  /** Sieve scripts of one account. Default 50: Dovecot sets no number; users have a handful. */
  readonly scriptsMax: number;
  /** Bytes of one script. Default 256 KiB: a thousand rules. Pigeonhole's `sieve_max_script_size` is 1 MiB. */
  readonly scriptBytesMax: number;
  /** UTF-8 bytes of a script's name. Default 512: RFC 5804 §1.6 asks for 128 characters at least. */
  readonly scriptNameBytesMax: number;
  /** Things one account remembers at a time; past it the first to be forgotten goes early. Default 5,000. */
  readonly memoriesMax: number;
  /** Ids of References and In-Reply-To used for threading. Default 32: JWZ threading needs the last few only. */
  readonly threadReferencesMax: number;
  /** How long deleted messages can be restored, milliseconds. Default 14 days, as Exchange Online keeps them (learn.microsoft.com, "Recoverable Items folder"). 0 keeps none. */
  readonly deletedKeepMs: number;
}

export const defaultMailStoreLimits: MailStoreLimits = {
  messageBytesMax: 50 * 1024 * 1024,
  mailboxesMax: 10_000,
  messagesMax: 10_000_000,
  subscriptionsMax: 20_000,
  mailboxNameBytesMax: 1_000,
  mailboxDepthMax: 20,
  keywordsPerMessageMax: 100,
  annotationBytesMax: 16_384,
  annotationsMax: 1_000,
  queueEntriesMax: 1_000_000,
  scriptsMax: 50,
  scriptBytesMax: 262_144,
  scriptNameBytesMax: 512,
  memoriesMax: 5_000,
  threadReferencesMax: 32,
  deletedKeepMs: 14 * 24 * 3_600_000,
};
