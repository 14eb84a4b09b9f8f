import { ManageSieveSession } from '#server/managesieve';
import type { Clock, Logger } from '#stdx';
import type { LegSession, LegSessionSpec } from './session-leg.ts';

/** ManageSieve over a leg: the OK of the sign-in is ours to say. */
export const manageSieveLegSession =
  (clock: Clock, logger: Logger) =>
  ({ tag: _, mark, sessionId, ...spec }: LegSessionSpec): LegSession =>
    new ManageSieveSession({
      ...spec,
      greeting: mark ? 'resumed' : 'signedIn',
      clock,
      logger: logger.child({ session: sessionId }),
    });
