import type { Duplex } from 'node:stream';
import type { SmtpBackend } from '#protocol/smtp';
import type { Clock, Logger } from '#stdx';
import { SmtpSession } from '../session.ts';
import type { SmtpLimits } from '../settings.ts';

export interface LmtpOptions {
  readonly backend: SmtpBackend;
  /** Ours, in greeting and replies. */
  readonly hostname: string;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly peer: { readonly sessionId: string; readonly address: string; readonly port: number };
  readonly limits?: Partial<SmtpLimits>;
}

/**
 * LMTP over a connection that a hub has proved to be its own (the caller read the preface and answered `+OK`): ROUTE and
 * ORIGIN are understood, BDAT bytes are taken as the hub checked them, and one connection may carry any number of messages.
 */
export function serveLmtp(duplex: Duplex, options: LmtpOptions): SmtpSession {
  const { limits, ...rest } = options;
  return new SmtpSession(duplex, {
    ...rest,
    mode: 'lmtp',
    trustedBytes: true,
    innerParameters: true,
    limits: { transactionsMax: Number.POSITIVE_INFINITY, idleCommandsMax: Number.POSITIVE_INFINITY, ...limits },
  });
}
