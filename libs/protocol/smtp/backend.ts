import type { ByteStream } from '#stdx';
import type { SmtpReply } from './reply.ts';

/** Who signed in. */
export interface SmtpIdentity {
  readonly accountId: string;
  readonly email: string;
  readonly partnerId: string;
}

export interface SmtpTls {
  readonly protocol: string;
  readonly cipher: string;
  /** RFC 5056, by name. */
  readonly channelBindings: ReadonlyMap<string, Buffer>;
}

/** The other end of a session, as far as known now. */
export interface SmtpPeer {
  readonly sessionId: string;
  /** From PROXY protocol when trusted, else the socket. */
  readonly address: string;
  readonly port: number;
  /** Argument of HELO/EHLO/LHLO, '' before. */
  readonly helo: string;
  readonly tls: SmtpTls | null;
  readonly identity: SmtpIdentity | null;
  /** `with` of the Received line: RFC 3848, RFC 6531 §4.3. */
  readonly transmission: string;
}

/** A reverse-path or forward-path with its ESMTP parameters; keys upper case. */
export interface SmtpPath {
  /** '' is the null reverse-path. As sent: quoting kept, domain case kept. */
  readonly address: string;
  readonly parameters: ReadonlyMap<string, string | null>;
}

/** One MAIL … end of data. */
export interface SmtpTransaction {
  /** Unique; in Received and logs. */
  readonly id: string;
  readonly reversePath: SmtpPath;
  /** Accepted ones, in order. */
  readonly forwardPaths: readonly SmtpPath[];
}

/** A message on its way in. */
export interface MessageBytes extends ByteStream {
  /** The whole message when it had arrived before anyone asked (most do): spares a reader the iteration. Else `null`. */
  readonly whole: Buffer | null;
}

/** SASL for a session, RFC 4954. */
export interface SmtpAuthentication {
  /** Mechanisms for the peer's connection, best first. */
  mechanisms(peer: SmtpPeer): readonly string[];
  /**
   * One exchange to its end: who signed in, or the refusal. `initial` is the decoded initial response, `null` without one.
   * `ask` sends a challenge and resolves with the decoded answer; it rejects, and so does this, when there is none.
   */
  run(
    peer: SmtpPeer,
    mechanism: string,
    initial: Buffer | null,
    ask: (challenge: Buffer) => Promise<Buffer>,
  ): Promise<SmtpIdentity | SmtpReply>;
}

/**
 * What stands behind a session: the hub's front door, or a node's delivery. Called one at a time per session. A reply
 * below 400 accepts. A thrown error becomes 451 4.3.0 and is logged.
 */
export interface SmtpBackend {
  readonly authentication?: SmtpAuthentication;
  mail(peer: SmtpPeer, transaction: SmtpTransaction): Promise<SmtpReply>;
  rcpt(peer: SmtpPeer, transaction: SmtpTransaction, forwardPath: SmtpPath): Promise<SmtpReply>;
  /**
   * `bytes` is the message with dot-stuffing undone and CRLF line ends; it throws when the client goes away or breaks a limit.
   * One reply for SMTP; for LMTP one per accepted recipient, in order. Bytes left unread are drained by the session.
   */
  data(peer: SmtpPeer, transaction: SmtpTransaction, bytes: MessageBytes): Promise<SmtpReply | readonly SmtpReply[]>;
  /** The transaction ended without data: RSET, EHLO, QUIT, lost connection. */
  abort?(peer: SmtpPeer, transaction: SmtpTransaction): void;
}
