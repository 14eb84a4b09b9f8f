import type { MailStore } from '#mailstore/api';
import type { PrefaceReply } from '#protocol/handover';
import { ImapSession, legConnection } from '#server/imap';
import type { Clock, Logger } from '#stdx';
import type { LegServer } from './data-server.ts';
import type { SessionRegistry } from './session-registry.ts';

/** The store of a volume at an epoch, or what to tell the hub instead. */
export type FindStore = (volumeId: string, epoch: number) => MailStore | 'stale' | 'unavailable';

/** IMAP sessions that a hub signed in: new ones, and ones that go on from the mark of an owner that was lost. */
export function imapLeg(find: FindStore, sessions: SessionRegistry, clock: Clock, logger: Logger): LegServer<'imap'> {
  return {
    admit: ({ volumeId, epoch }) => admission(find(volumeId, epoch), volumeId, epoch),
    serve({ socket, preface, first }) {
      const { accountId, email, partnerId, quotaBytes, volumeId, epoch, sessionId, mark, tag } = preface;
      const store = find(volumeId, epoch);
      if (typeof store === 'string') {
        socket.destroy();
        return;
      }
      const connection = legConnection(socket, first);
      const session = new ImapSession({
        store,
        context: { partnerId, actor: `account:${accountId}`, requestId: sessionId },
        account: { accountId, email, partnerId, quotaBytes },
        connection,
        greeting:
          mark === undefined ? (tag === undefined ? 'preauth' : { tag }) : { mark: Buffer.from(mark, 'base64url') },
        clock,
        logger: logger.child({ session: sessionId }),
      });
      const forget = sessions.add(volumeId, epoch, {
        end: () => session.leave(),
        destroy: () => connection.destroy(),
      });
      void session.run().finally(() => {
        forget();
        connection.end();
      });
    },
  };
}

function admission(store: MailStore | 'stale' | 'unavailable', volumeId: string, epoch: number): PrefaceReply {
  if (store === 'stale')
    return { ok: false, code: 'STALE', text: `volume ${volumeId} is not served here at epoch ${epoch}` };
  if (store === 'unavailable') return { ok: false, code: 'UNAVAILABLE', text: `volume ${volumeId} is being opened` };
  return { ok: true };
}
