import type { ByteStream } from '#stdx';
import type { SmtpReply } from './reply.ts';

/** Who signed in. */
export interface SmtpIdentity {
  readonly accountId: string;
  readonly email: string;
  readonly partnerId: string;
}

/** The other end of a session, as far as known now. */
export interface SmtpPeer {
  readonly sessionId: string;
  /** From PROXY protocol when trusted, else the socket. */
  readonly address: string;
  readonly port: number;
  /** Argument of HELO/EHLO/LHLO, '' before. */
  readonly helo: string;
  readonly tls: { readonly protocol: string; readonly cipher: string } | null;
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

/**
 * What stands behind a session: the hub's front door, or a node's delivery. Called one at a time per session. A reply
 * below 400 accepts. A thrown error becomes 451 4.3.0 and is logged.
 */
export interface SmtpBackend {
  authenticate?(peer: SmtpPeer, username: string, password: string): Promise<SmtpIdentity | SmtpReply>;
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
