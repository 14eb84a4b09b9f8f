import type { SmtpBackend, SmtpReply } from '#protocol/smtp';
import type { Logger } from '#stdx';
import type { MessageBody } from './message-body.ts';
import type { PeerState } from './peer-state.ts';
import type { Receiver } from './receiver.ts';
import type { SmtpMode, SmtpSettings } from './settings.ts';
import type { OpenTransaction } from './transaction.ts';

/** What a verb may ask of its session. The loop, not the verb, reads lines, counts errors and catches refusals. */
export interface VerbSession {
  readonly settings: SmtpSettings;
  readonly backend: SmtpBackend;
  readonly peer: PeerState;
  readonly logger: Logger;
  transaction: OpenTransaction | null;
  /** The other side has gone, or been sent away. */
  readonly ended: boolean;
  /** STARTTLS may be offered: a certificate is there and TLS is not on. */
  readonly startTlsOffered: boolean;
  authFailures: number;

  /** Opens a transaction with an id of its own. */
  begin(reversePath: OpenTransaction['reversePath']): OpenTransaction;
  /** Ends the open transaction, if any, without data. */
  reset(): void;
  /** Tells the backend that it will get no data for the transaction. */
  abort(transaction: OpenTransaction): void;
  /** A reply before the verb's last. */
  send(reply: SmtpReply): void;
  /** Sends `reply` (334) and waits for a line, its CRLF removed; `null` when the line was too long or had no CRLF. */
  prompt(reply: SmtpReply): Promise<Buffer | null>;
  newBody(): MessageBody;
  /** Gives the input to `receiver` until it is done. */
  receive(receiver: Receiver): Promise<void>;
  /** Sends `reply`, then starts the handshake; whatever was sent before it is thrown away (RFC 3207 §4.2). */
  upgrade(reply: SmtpReply): void;
  /** Closes once the verb's reply has been sent. */
  close(): void;
}

/** One verb, whole. */
export interface SmtpVerb {
  readonly name: string;
  readonly modes: readonly SmtpMode[];
  /** Shown by HELP, and when the argument is wrong. */
  readonly syntax: string;
  /** Throws `SmtpRefusal`. `null`: everything has been sent. */
  run(
    session: VerbSession,
    argument: string,
  ): SmtpReply | readonly SmtpReply[] | null | Promise<SmtpReply | readonly SmtpReply[] | null>;
}

export const ALL_MODES: readonly SmtpMode[] = ['smtp', 'submission', 'lmtp'];
export const SMTP_MODES: readonly SmtpMode[] = ['smtp', 'submission'];
