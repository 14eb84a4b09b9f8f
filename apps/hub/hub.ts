import type { ControlClient } from '#cluster/control';
import type { HubCoordinator } from '#cluster/coordinator';
import type { AccountMover } from '#cluster/mover';
import type { PostgresClusterState } from '#cluster/postgres';
import type { Database } from '#database';
import type { PostgresDirectoryLookup } from '#directory/postgres';
import type { CachedDirectory, ConnectionLedger, NodeCarriers, NodeLanes, RoutingMap } from '#frontdoor';
import type { Clock, Logger } from '#stdx';
import type { Readiness } from '#telemetry';
import type { HttpPorts } from './http-ports.ts';
import type { RedisBulletin } from './redis-bulletin.ts';
import type { SessionPorts } from './session-ports.ts';
import type { SmtpPorts } from './smtp-ports.ts';
import type { TrustWatch } from './trust-watch.ts';

/** What a hub is made of, for starting and stopping it in order. */
export interface HubParts {
  readonly bulletin: RedisBulletin;
  readonly database: Database;
  readonly state: PostgresClusterState;
  readonly lookup: PostgresDirectoryLookup;
  readonly directory: CachedDirectory;
  readonly routes: RoutingMap;
  readonly control: ControlClient;
  readonly coordinator: HubCoordinator;
  readonly mover: AccountMover;
  readonly lanes: NodeLanes;
  readonly carriers: NodeCarriers;
  readonly ledger: ConnectionLedger;
  readonly smtp: SmtpPorts;
  readonly sessions: SessionPorts;
  readonly http: HttpPorts;
  readonly trustWatch: TrustWatch;
  /** How long it goes on, not ready any more, once it is told to stop. */
  readonly drainMs: number;
  readonly clock: Pick<Clock, 'sleep'>;
  readonly logger: Logger;
}

/** How long sessions may take to end at a clean stop; the supervisor kills after ten seconds. */
const GRACE_MS = 5_000;

/** One hub, from its first route to its last session. */
export class Hub {
  private listening = false;
  private stopping = false;

  constructor(readonly parts: HubParts) {}

  /** Comes up with PostgreSQL away, too: on the last routing map, trying to reach it for ever. */
  async start(): Promise<void> {
    const { lookup, routes, coordinator, mover, smtp, sessions, http } = this.parts;
    void lookup.start();
    this.parts.trustWatch.start();
    await routes.start();
    // The relay port is told to nodes as soon as the coordinator speaks to them.
    await smtp.listen();
    coordinator.start();
    mover.start();
    await sessions.listen();
    await http.listen();
    this.listening = true;
  }

  readiness(): Readiness {
    if (this.stopping) return { ready: false, reason: 'stopping' };
    if (!this.listening) return { ready: false, reason: 'starting' };
    if (this.parts.routes.size === 0 && this.parts.routes.ageMs === undefined)
      return { ready: false, reason: 'no routing map: PostgreSQL is away and none was kept' };
    const strange = this.parts.coordinator.strangeness();
    return strange === undefined ? { ready: true } : { ready: false, reason: strange };
  }

  /** Gives up the lead first, so that another hub has it while clients are told to go. */
  async stop(): Promise<void> {
    this.stopping = true;
    const { bulletin, database, state, lookup, directory, routes, control, coordinator, lanes, smtp, sessions, http } =
      this.parts;
    await this.parts.clock.sleep(this.parts.drainMs);
    this.parts.trustWatch.stop();
    http.announceStop();
    smtp.stopAccepting();
    sessions.stopAccepting();
    this.parts.mover.stop();
    await coordinator.stop();
    sessions.drain();
    await Promise.all([smtp.drain(GRACE_MS), http.drain(GRACE_MS)]);
    control.end();
    lanes.close();
    this.parts.carriers.close();
    directory.close();
    await routes.stop();
    bulletin.close();
    await Promise.all([lookup.close(), state.close()]);
    await database.close();
  }

  /** For /metrics. */
  figures(): Readonly<Record<string, { help: string; read(): number }>> {
    const { routes, directory, coordinator, lanes, carriers, ledger, smtp, sessions } = this.parts;
    return {
      connections: { help: 'Public connections of any kind', read: () => ledger.count },
      smtp_sessions: { help: 'SMTP, submission and relay sessions', read: () => smtp.count },
      ...Object.fromEntries(sessions.figures.flatMap(({ kind }, index) => sessionFigures(sessions, kind, index))),
      lane_connections: { help: 'LMTP connections to nodes', read: () => lanes.figures.connections },
      lane_waiting: { help: 'Messages waiting for one of those', read: () => lanes.figures.waiting },
      carriers: { help: 'Connections to nodes that carry sessions', read: () => carriers.figures.carriers },
      carrier_channels: { help: 'Sessions on those', read: () => carriers.figures.channels },
      carrier_sent_bytes: { help: 'Bytes sent on them since the start', read: () => carriers.figures.bytesSent },
      carrier_received_bytes: {
        help: 'Bytes received on them since the start',
        read: () => carriers.figures.bytesReceived,
      },
      carrier_stalls: { help: 'Times a client had to wait for its node to read', read: () => carriers.figures.stalls },
      routed_volumes: { help: 'Volumes in the routing map', read: () => routes.size },
      routes_age_seconds: {
        help: 'Since the routing map was last read; -1 before the first time',
        read: () => (routes.ageMs === undefined ? -1 : routes.ageMs / 1_000),
      },
      directory_away: { help: '1 while the directory cannot be asked', read: () => (directory.sourceAway ? 1 : 0) },
      leading: { help: '1 while this hub leads its cluster', read: () => (coordinator.leading() ? 1 : 0) },
    };
  }
}

const sessionFigures = (sessions: SessionPorts, kind: string, index: number) =>
  [
    [
      `${kind}_logins`,
      { help: `${kind} connections that have not signed in`, read: () => sessions.figures[index]?.logins ?? 0 },
    ],
    [`${kind}_sessions`, { help: `${kind} sessions held`, read: () => sessions.figures[index]?.sessions ?? 0 }],
  ] as const;
