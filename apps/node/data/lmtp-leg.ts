import type { Socket } from 'node:net';
import type { PrefaceReply } from '#protocol/handover';
import type { SmtpBackend } from '#protocol/smtp';
import { type SmtpSession, serveLmtp } from '#server/smtp';
import type { Clock, Logger } from '#stdx';
import type { LegServer, OpenLeg, PrefaceOf } from './data-server.ts';

/** Pooled LMTP connections of the hubs: each RCPT says which volume and epoch it means, so the leg itself is bound to none. */
export class LmtpLegs implements LegServer<PrefaceOf<'lmtp'>> {
  private readonly sessions = new Set<SmtpSession>();

  constructor(
    private readonly backend: SmtpBackend,
    private readonly hostname: string,
    private readonly clock: Clock,
    private readonly logger: Logger,
  ) {}

  admit(): PrefaceReply {
    return { ok: true };
  }

  serve({ socket, preface, first }: OpenLeg<PrefaceOf<'lmtp'>>): void {
    if (first.length > 0) socket.unshift(first);
    const session = serveLmtp(socket, {
      backend: this.backend,
      hostname: this.hostname,
      clock: this.clock,
      logger: this.logger.child({ hub: preface.hub }),
      peer: peerOf(socket, preface.nonce),
    });
    this.sessions.add(session);
    void session.closed.then(() => this.sessions.delete(session));
  }

  /**
   * Ends every session with 421 at its next command; resolves when they have closed, or after `graceMs`. A connection that
   * is cut instead leaves its hub in doubt whether the message on it was taken.
   */
  async drain(graceMs: number): Promise<void> {
    const sessions = [...this.sessions];
    for (const session of sessions) session.shutdown();
    await Promise.race([Promise.all(sessions.map(({ closed }) => closed)), this.clock.sleep(graceMs)]);
  }
}

const peerOf = ({ remoteAddress = '', remotePort = 0 }: Socket, sessionId: string) => ({
  sessionId,
  address: remoteAddress,
  port: remotePort,
});
