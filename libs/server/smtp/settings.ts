import type { SecureContext } from 'node:tls';
import type { BareLineEnds, SmtpBackend, SmtpReply } from '#protocol/smtp';
import type { Clock, Logger } from '#stdx';

/** MX traffic, signed-in senders (RFC 6409), or local delivery (RFC 2033). */
export type SmtpMode = 'smtp' | 'submission' | 'lmtp';

/** Bounds of one session. Every one has a reply of its own when it is met. */
export interface SmtpLimits {
  /** 552 5.3.4. Default 50 MiB: what Gmail and Exchange Online accept, less than doubled. */
  readonly messageBytesMax: number;
  /** 452 4.5.3. Default 1,000: ten times the 100 that RFC 5321 §4.5.3.1.8 demands. */
  readonly recipientsMax: number;
  /** CRLF included. RFC 5321 §4.5.3.1.4 says 512 plus what extensions add; default 4,096. */
  readonly commandLineBytesMax: number;
  /** RFC 4954 §4.3: a line of an authentication exchange may have 12,288 octets. */
  readonly authLineBytesMax: number;
  /** 421 4.4.2. RFC 5321 §4.5.3.2.7: at least five minutes. */
  readonly idleTimeoutMs: number;
  /** 421 4.7.0 after so many syntax and sequence errors. Default 10. */
  readonly errorsMax: number;
  /** Errors past this many are answered only after `errorDelayMs`. Defaults 3 and 1 s (Postfix's smtpd_error_sleep_time). */
  readonly errorsUndelayed: number;
  readonly errorDelayMs: number;
  /** 421 4.7.0 after so many commands without a message between. Default 100 (Postfix's smtpd_junk_command_limit). */
  readonly idleCommandsMax: number;
  /** 421 4.7.0 after so many wrong passwords. Default 3 (RFC 4954 §6 leaves it open). */
  readonly authFailuresMax: number;
  /** Messages in one session; then 421 4.7.0, and a client reconnects. Default 1,000. Pooled LMTP legs raise it. */
  readonly transactionsMax: number;
  /** A message not over this is handed on in one piece, and only when it is all here. Default 64 KiB. */
  readonly wholeBytesMax: number;
  /** Bytes of a message waiting for a slow backend before the client is made to wait. Default 256 KiB. */
  readonly bodyBufferBytes: number;
}

export const SMTP_LIMITS: SmtpLimits = {
  messageBytesMax: 50 * 1024 * 1024,
  recipientsMax: 1_000,
  commandLineBytesMax: 4_096,
  authLineBytesMax: 12_288,
  idleTimeoutMs: 300_000,
  errorsMax: 10,
  errorsUndelayed: 3,
  errorDelayMs: 1_000,
  idleCommandsMax: 100,
  authFailuresMax: 3,
  transactionsMax: 1_000,
  wholeBytesMax: 64 * 1024,
  bodyBufferBytes: 256 * 1024,
};

export interface SmtpSessionOptions {
  readonly mode: SmtpMode;
  readonly backend: SmtpBackend;
  /** Ours, in greeting and replies. */
  readonly hostname: string;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly peer: { readonly sessionId: string; readonly address: string; readonly port: number };
  /** Offers STARTTLS; called at each handshake, so that a renewed certificate counts at once. */
  readonly tls?: () => SecureContext;
  /** The socket is already under TLS. */
  readonly implicitTls?: boolean;
  readonly limits?: Partial<SmtpLimits>;
  /** Lone CR or LF in a message. Default `reject`; `normalise` for submission, where old clients still send them. */
  readonly bareLineEnds?: BareLineEnds;
  /** BDAT bytes come from a hub that has checked them: hand them on unread. Only for the leg between hub and node. */
  readonly trustedBytes?: boolean;
  /** Accepts ROUTE and ORIGIN. Only for the leg between hub and node. */
  readonly innerParameters?: boolean;
  /** Offers AUTH without TLS. Default false (RFC 4954 §4; RFC 8314 §3.3). */
  readonly plainAuth?: boolean;
  /** Offers DSN (RFC 3461): true where what stands behind honours NOTIFY, RET, ENVID and ORCPT. Default true. */
  readonly dsn?: boolean;
  /** Sent instead of the greeting, after which only QUIT is welcome (RFC 5321 §3.1). */
  readonly refusal?: SmtpReply;
}

/** The options with every default filled in. */
export interface SmtpSettings {
  readonly mode: SmtpMode;
  readonly hostname: string;
  readonly limits: SmtpLimits;
  readonly bareLineEnds: BareLineEnds;
  readonly trustedBytes: boolean;
  readonly innerParameters: boolean;
  readonly plainAuth: boolean;
  readonly dsn: boolean;
  readonly startTls: boolean;
  /** AUTH is known here at all. */
  readonly auth: boolean;
}

export function settingsOf(options: SmtpSessionOptions): SmtpSettings {
  return {
    mode: options.mode,
    hostname: options.hostname,
    limits: options.limits ? { ...SMTP_LIMITS, ...options.limits } : SMTP_LIMITS,
    bareLineEnds: options.bareLineEnds ?? 'reject',
    trustedBytes: options.trustedBytes ?? false,
    innerParameters: options.innerParameters ?? false,
    plainAuth: options.plainAuth ?? false,
    dsn: options.dsn ?? true,
    startTls: options.tls !== undefined && !options.implicitTls,
    auth: options.mode === 'submission' && options.backend.authentication !== undefined,
  };
}
