import { MaildropLocks, Pop3Session } from '#server/pop3';
import type { Clock, Logger } from '#stdx';
import type { LegSession, LegSessionSpec } from './session-leg.ts';

/** POP3 over a leg: the +OK of the sign-in is ours to say. An account is on one volume of one owner, so its lock is here. */
export function pop3LegSession(clock: Clock, logger: Logger): (spec: LegSessionSpec) => LegSession {
  const locks = new MaildropLocks(clock);
  return ({ store, context, account, connection, mark, sessionId }) =>
    new Pop3Session({
      ...{ store, context, account, connection, mark, locks, clock },
      logger: logger.child({ session: sessionId }),
    });
}
