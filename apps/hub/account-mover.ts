import type { HubCoordinator } from '#cluster/coordinator';
import { AccountMover } from '#cluster/mover';
import { PostgresAccountMoves, type PostgresClusterState } from '#cluster/postgres';
import type { Database } from '#database';
import { type HubCredentials, NodeHands, type RoutingMap } from '#frontdoor';
import { type Logger, systemClock, systemRandom } from '#stdx';
import type { HubSettings } from './settings.ts';

/** What brings accounts from volume to volume while this hub leads. */
export function accountMover(
  settings: HubSettings,
  logger: Logger,
  parts: {
    readonly database: Database;
    readonly state: PostgresClusterState;
    readonly coordinator: HubCoordinator;
    readonly routes: RoutingMap;
    readonly credentials: HubCredentials;
  },
): AccountMover {
  const { database, state, coordinator, routes, credentials } = parts;
  return new AccountMover(
    {
      moves: new PostgresAccountMoves(settings.clusterId, database),
      hands: new NodeHands(routes, credentials, systemClock, systemRandom),
      term: () => coordinator.term(),
      moved({ accountId, email, fromVolumeId: from, toVolumeId: to }, heldMs) {
        state.recordEvent('accountMoved', accountId, { email, from, to }, heldMs).catch((error: Error) => {
          logger.warn({ accountId, error: error.message }, 'the event of a move could not be recorded');
        });
      },
      clock: systemClock,
      logger: logger.child({ part: 'mover' }),
    },
    { graceMs: settings.moveGraceMs },
  );
}
