/**
 * What a message is, once read. Every offset counts bytes from the start of the message as stored; the bytes
 * themselves are never altered. JSON-serialisable: the mail store keeps it beside the message.
 */

/** One mailbox or group marker of an address list, the shape of RFC 9051 §7.5.2's address structure. Values decoded to Unicode except `mailbox`/`host`, which stay as sent but for RFC 5322 quoting, which is removed. */
export interface Address {
  /** Display name, RFC 2047 decoded; `null` when absent. */
  readonly name: string | null;
  /** Local part; `null` marks the end of a group. */
  readonly mailbox: string | null;
  /** Domain; `null` marks the start of a group (then `mailbox` is its name); '' when the address has none. */
  readonly host: string | null;
  /** Display name as sent, quoting removed and nothing decoded: what IMAP's ENVELOPE sends. Only where it differs from `name`. */
  readonly rawName?: string;
}

/**
 * Header fields every listing needs. Strings are RFC 2047 decoded; `raw` twins are what IMAP's ENVELOPE sends. No string
 * holds NUL, CR or LF. Address lists are as sent: RFC 9051 §7.5.2's Sender and Reply-To that default to From are the writer's.
 */
export interface Envelope {
  /** Text of Date as sent; `null` when absent. */
  readonly date: string | null;
  /** Date as milliseconds since the epoch; `null` when absent or unreadable. */
  readonly sentAt: number | null;
  readonly subject: string | null;
  /** Subject with its folding removed and nothing decoded (RFC 9051 §2.3.5 sends it so). */
  readonly rawSubject: string | null;
  readonly from: readonly Address[];
  readonly sender: readonly Address[];
  readonly replyTo: readonly Address[];
  readonly to: readonly Address[];
  readonly cc: readonly Address[];
  readonly bcc: readonly Address[];
  /** As sent, with angle brackets. */
  readonly inReplyTo: string | null;
  /** As sent, with angle brackets. */
  readonly messageId: string | null;
  /** Message ids of References, angle brackets removed, oldest first; bounded. */
  readonly references: readonly string[];
}

/** One MIME part with the byte ranges of its header and body. */
export interface BodyPart {
  /** Lower case. */
  readonly type: string;
  readonly subtype: string;
  /** Content-Type parameters; names lower case, RFC 2231 joined and decoded. */
  readonly parameters: Readonly<Record<string, string>>;
  /** As sent, with angle brackets. */
  readonly contentId: string | null;
  /** As sent, unfolded, RFC 2047 not decoded. */
  readonly description: string | null;
  /** Content-Transfer-Encoding, lower case, `7bit` when absent. */
  readonly encoding: string;
  readonly disposition: { readonly type: string; readonly parameters: Readonly<Record<string, string>> } | null;
  readonly language: readonly string[];
  readonly location: string | null;
  readonly md5: string | null;
  /** First byte of the part's header block. */
  readonly headerStart: number;
  /** First byte of its body: past the blank line. */
  readonly bodyStart: number;
  /** One past its last byte; the CRLF before a boundary belongs to the boundary (RFC 2046 §5.1.1). */
  readonly end: number;
  /** Lines of the body: LF count, plus one for an unfinished last line. */
  readonly lines: number;
  /** Parts of multipart/*, in order; empty when no boundary line was found. Only on multipart/* whose structure was read. */
  readonly parts?: readonly BodyPart[];
  /** The embedded message of message/rfc822 and message/global; absent when a transfer encoding hides it or a limit was reached. */
  readonly message?: { readonly envelope: Envelope; readonly body: BodyPart };
}

/** All that is computed once, at append. */
export interface ParsedMessage {
  /** Total bytes. */
  readonly size: number;
  readonly envelope: Envelope;
  readonly body: BodyPart;
  /** First ≤ 200 characters of readable text (RFC 8970's PREVIEW); '' when there is none. */
  readonly preview: string;
  readonly hasAttachments: boolean;
  /** Set when a limit cut the analysis short (nesting, parts, header bytes): the bytes are whole, the structure is not. */
  readonly truncated: boolean;
}

/** Limits of the analysis, not of the message: past them, structure is left out and `truncated` set. */
export interface MessageLimits {
  /** Multipart and message/rfc822 nesting. Default 100, as Dovecot's. */
  readonly depthMax: number;
  /** Parts in all. Default 10,000, as Dovecot's. */
  readonly partsMax: number;
  /** Bytes of one header block that are interpreted. Default 262,144: real ones stay under 64 KB, lists of recipients included. */
  readonly headerBytesMax: number;
  /** Bytes of all header blocks together that are interpreted; keeps what is remembered small however many parts. Default 4,194,304. */
  readonly headerBytesTotalMax: number;
  /** Addresses kept per header field. Default 1,000. */
  readonly addressesMax: number;
}
