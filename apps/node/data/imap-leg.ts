import { ImapSession } from '#server/imap';
import type { Clock, Logger } from '#stdx';
import type { LegSession, LegSessionSpec } from './session-leg.ts';

/** IMAP over a leg: the OK of the sign-in is ours to say. */
export const imapLegSession =
  (clock: Clock, logger: Logger) =>
  ({ tag, mark, sessionId, ...spec }: LegSessionSpec): LegSession =>
    new ImapSession({
      ...spec,
      greeting: mark ? { mark } : tag === undefined ? 'preauth' : { tag },
      clock,
      logger: logger.child({ session: sessionId }),
    });
