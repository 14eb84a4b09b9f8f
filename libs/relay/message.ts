import type { SmtpReply } from '#protocol/smtp';
import type { ByteStream } from '#stdx';

export type Parameters = ReadonlyMap<string, string | null>;

/** A message to hand to another server. */
export interface RelayMessage {
  /** '' for the null reverse-path. */
  readonly reversePath: string;
  readonly parameters?: Parameters;
  readonly recipients: readonly { readonly forwardPath: string; readonly parameters?: Parameters }[];
  /**
   * With CRLF line ends. Whole in memory, it goes out behind the commands in one write; as a stream, it is not touched
   * before a recipient has been accepted, so that a refused message can still be sent elsewhere.
   */
  readonly body: ByteStream | Uint8Array;
  /** Bytes, for SIZE; taken from `body` when that is whole. */
  readonly sizeHint?: number;
}

/** One recipient's fate: the answer to its RCPT (or to MAIL, when that was refused), then to the message; `null` when it did not come to that. */
export interface RecipientOutcome {
  readonly rcpt: SmtpReply;
  readonly final: SmtpReply | null;
}

export interface RelayOutcome {
  /** In the order of the message's recipients. */
  readonly recipients: readonly RecipientOutcome[];
}

export type RelayPhase = 'connect' | 'greeting' | 'ehlo' | 'tls' | 'auth' | 'mail' | 'data' | 'final';

/** The connection failed, or the other side broke the protocol or was too slow. */
export class RelayError extends Error {
  override readonly name = 'RelayError';
  constructor(
    readonly phase: RelayPhase,
    /** The end of the message was sent and no answer came: it may have been taken. Sending it again may make two. */
    readonly mayHaveBeenAccepted: boolean,
    message: string,
    options?: ErrorOptions & { readonly reply?: SmtpReply },
  ) {
    super(message, options);
    this.reply = options?.reply;
  }
  /** What the server said, when it refused in so many words. */
  readonly reply: SmtpReply | undefined;
}
