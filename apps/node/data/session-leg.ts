import type { Channel } from '#carrier';
import { type ClientConnection, channelConnection } from '#connection';
import type { AccountSpec, MailStore } from '#mailstore/api';
import type { PrefaceReply, SessionOpening } from '#protocol/handover';
import { type RequestContext, systemContext } from '#stdx';
import type { SessionRegistry } from './session-registry.ts';

/** The store of a volume at an epoch, or what to tell the hub instead. */
export type FindStore = (volumeId: string, epoch: number) => MailStore | 'stale' | 'unavailable';

/** A session of any protocol, as its leg sees it. */
export interface LegSession {
  /** Serves the client until either side ends it. Never rejects. */
  run(): Promise<void>;
  /** The volume leaves in order: ends between commands, so that the next owner can go on. */
  leave(): void;
}

/** What a hub says of the session it hands over. */
export interface LegSessionSpec {
  readonly store: MailStore;
  readonly context: RequestContext;
  readonly account: AccountSpec;
  readonly connection: ClientConnection;
  /** Of the command that signed in, where the protocol has tags. */
  readonly tag: string | undefined;
  /** State from which a lost owner's session goes on; `undefined` for one that begins. */
  readonly mark: Buffer | undefined;
  readonly sessionId: string;
}

/** Serves the sessions of one protocol: decides, then takes over the channel once it is answered. */
export interface SessionServer {
  admit(opening: SessionOpening): PrefaceReply | Promise<PrefaceReply>;
  serve(channel: Channel, opening: SessionOpening): void;
}

/** Sessions of one protocol that a hub signed in: new ones, and ones that go on from the mark of an owner that was lost. */
export function sessionLeg(
  find: FindStore,
  sessions: SessionRegistry,
  begin: (spec: LegSessionSpec) => LegSession,
): SessionServer {
  return {
    async admit({ volumeId, epoch, accountId }) {
      const store = find(volumeId, epoch);
      const reply = admission(store, volumeId, epoch);
      if (typeof store === 'string' || !reply.ok) return reply;
      const standing = await store.transfer.accountStanding(systemContext('admission'), accountId);
      if (standing === undefined || standing === 'open') return reply;
      return { ok: false, code: 'MOVING', text: `the account is ${standing} here` };
    },
    serve(channel, { accountId, email, partnerId, quotaBytes, volumeId, epoch, sessionId, mark, tag }) {
      const store = find(volumeId, epoch);
      if (typeof store === 'string') {
        channel.reset();
        return;
      }
      const connection = channelConnection(channel);
      const session = begin({
        store,
        context: { partnerId, actor: `account:${accountId}`, requestId: sessionId },
        account: { accountId, email, partnerId, quotaBytes },
        connection,
        tag,
        mark: mark === undefined ? undefined : Buffer.from(mark, 'base64url'),
        sessionId,
      });
      const forget = sessions.add(volumeId, epoch, {
        accountId,
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

/** Whether the volume is served here at that epoch. */
export function admission(store: MailStore | 'stale' | 'unavailable', volumeId: string, epoch: number): PrefaceReply {
  if (store === 'stale')
    return { ok: false, code: 'STALE', text: `volume ${volumeId} is not served here at epoch ${epoch}` };
  if (store === 'unavailable') return { ok: false, code: 'UNAVAILABLE', text: `volume ${volumeId} is being opened` };
  return { ok: true };
}
