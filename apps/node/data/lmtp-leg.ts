import type { SmtpBackend } from '#protocol/smtp';
import { serveLmtp } from '#server/smtp';
import type { Clock, Logger } from '#stdx';
import type { LegServer, PrefaceOf } from './data-server.ts';

/** Pooled LMTP connections of the hubs: each RCPT says which volume and epoch it means, so the leg itself is bound to none. */
export function lmtpLeg(
  backend: SmtpBackend,
  hostname: string,
  clock: Clock,
  logger: Logger,
): LegServer<PrefaceOf<'lmtp'>> {
  return {
    admit: () => ({ ok: true }),
    serve({ socket, preface, first }) {
      if (first.length > 0) socket.unshift(first);
      serveLmtp(socket, {
        backend,
        hostname,
        clock,
        logger: logger.child({ hub: preface.hub }),
        peer: { sessionId: preface.nonce, address: socket.remoteAddress ?? '', port: socket.remotePort ?? 0 },
      });
    },
  };
}
