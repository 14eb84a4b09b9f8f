import { createHmac, X509Certificate } from 'node:crypto';
import { join } from 'node:path';
import { type DynamicModule, Module, type Provider } from '@nestjs/common';
import { ControlClient } from '#cluster/control';
import { HubCoordinator } from '#cluster/coordinator';
import { AccountMover } from '#cluster/mover';
import { PostgresClusterState } from '#cluster/postgres';
import { Database } from '#database';
import { PostgresDirectoryLookup } from '#directory/postgres';
import {
  AccountLedger,
  Authenticator,
  type Bulletin,
  CachedDirectory,
  type CertificateProvider,
  ConnectionLedger,
  DEFAULT_AUTHENTICATOR_LIMITS,
  DEFAULT_CONNECTION_LIMITS,
  DEFAULT_NODE_CARRIER_SETTINGS,
  DEFAULT_SESSION_FRONT_SETTINGS,
  Dispatcher,
  type Entrance,
  type HubCredentials,
  imap,
  type MailServices,
  managesieve,
  NodeCarriers,
  NodeLanes,
  pop3,
  RouteFile,
  RoutingMap,
  SaslSignIn,
  SessionFront,
  SessionLegs,
  type SessionProtocol,
  type SessionServices,
  storedCertificate,
  Upstream,
} from '#frontdoor';
import { type Logger, RELEASE, systemClock, systemRandom } from '#stdx';
import { accountMover } from './account-mover.ts';
import { HttpPorts } from './http-ports.ts';
import { Hub } from './hub.ts';
import { RedisBulletin } from './redis-bulletin.ts';
import { type SessionPort, SessionPorts } from './session-ports.ts';
import type { HubSettings } from './settings.ts';
import { SmtpPorts } from './smtp-ports.ts';
import { BULLETIN, CERTIFICATES, CREDENTIALS, ENTRANCE, LOGGER, MAIL_SERVICES, SETTINGS } from './tokens.ts';
import { TrustWatch } from './trust-watch.ts';

@Module({})
class HubModule {}

/** Binds the libs' plain classes to this process. */
export function hubModule(settings: HubSettings, logger: Logger): DynamicModule {
  return {
    module: HubModule,
    providers: [
      { provide: SETTINGS, useValue: settings },
      { provide: LOGGER, useValue: logger },
      ...controlPlane(settings, logger),
      ...routing(settings, logger),
      ...signIn(settings, logger),
      ...ports(settings, logger),
      moving(settings, logger),
      hub(settings, logger),
    ],
  };
}

const controlPlane = (settings: HubSettings, logger: Logger): Provider[] => [
  {
    provide: Database,
    useFactory: () => new Database({ url: settings.databaseUrl, applicationName: `rookery-hub ${settings.name}` }),
  },
  {
    provide: PostgresClusterState,
    inject: [Database],
    useFactory: (database: Database) =>
      new PostgresClusterState(settings.clusterId, database, settings.databaseUrl, systemClock, logger),
  },
  {
    provide: PostgresDirectoryLookup,
    inject: [Database],
    useFactory: (database: Database) =>
      new PostgresDirectoryLookup(database, settings.databaseUrl, systemClock, logger),
  },
  {
    provide: RedisBulletin,
    useFactory: () => new RedisBulletin(settings.redisUrl, settings.clusterId, systemClock, systemRandom, logger),
  },
  { provide: BULLETIN, useExisting: RedisBulletin },
  {
    provide: ControlClient,
    useFactory: () => {
      const { trust, name } = settings;
      return new ControlClient({ trust, name, relay: relayOf(settings) }, systemClock, logger);
    },
  },
  {
    provide: TrustWatch,
    inject: [Database, PostgresClusterState, ControlClient],
    useFactory: (database: Database, state: PostgresClusterState, control: ControlClient) =>
      new TrustWatch(settings, database, state, control, logger),
  },
  {
    provide: HubCoordinator,
    inject: [PostgresClusterState, ControlClient, RoutingMap, SessionPorts, SmtpPorts, CERTIFICATES],
    useFactory: (
      state: PostgresClusterState,
      control: ControlClient,
      routes: RoutingMap,
      sessions: SessionPorts,
      smtp: SmtpPorts,
      certificates: CertificateProvider,
    ) =>
      new HubCoordinator(
        {
          hub: { id: settings.hubId, name: settings.name, relay: relayOf(settings), ...RELEASE },
          sessions: () => sessions.sessions + smtp.count,
          tlsNotAfter: () => new X509Certificate(certificates.material.certificate).validToDate,
          timing: settings.timing,
          onRoutes: (changed) => routes.push(changed),
        },
        { state, control, clock: systemClock, random: systemRandom, logger },
      ),
  },
];

const moving = (settings: HubSettings, logger: Logger): Provider => ({
  provide: AccountMover,
  inject: [Database, PostgresClusterState, HubCoordinator, RoutingMap, CREDENTIALS],
  useFactory: (
    database: Database,
    state: PostgresClusterState,
    coordinator: HubCoordinator,
    routes: RoutingMap,
    credentials: HubCredentials,
  ) => accountMover(settings, logger, { database, state, coordinator, routes, credentials }),
});

const relayOf = (settings: HubSettings) => ({ host: settings.advertisedHost, port: settings.ports.relay });

const routing = (settings: HubSettings, logger: Logger): Provider[] => [
  {
    provide: CREDENTIALS,
    useValue: {
      name: settings.name,
      key: settings.clusterKey,
      connect: ({ nodeId, endpoint }, onread) =>
        settings.trust.connect({ role: 'node', memberId: nodeId, ...endpoint }, onread),
    } satisfies HubCredentials,
  },
  {
    provide: RoutingMap,
    inject: [PostgresClusterState],
    useFactory: (state: PostgresClusterState) =>
      new RoutingMap(state, new RouteFile(join(settings.stateDirectory, 'routes.json'), logger), systemClock, logger),
  },
  {
    provide: SessionLegs,
    inject: [RoutingMap, NodeCarriers],
    useFactory: (routes: RoutingMap, carriers: NodeCarriers) => new SessionLegs(routes, carriers, systemClock, logger),
  },
  {
    provide: NodeCarriers,
    inject: [CREDENTIALS],
    useFactory: (credentials: HubCredentials) =>
      new NodeCarriers(credentials, systemClock, systemRandom, logger, {
        ...DEFAULT_NODE_CARRIER_SETTINGS,
        ...settings.carriers,
      }),
  },
  {
    provide: NodeLanes,
    inject: [CREDENTIALS],
    useFactory: (credentials: HubCredentials) => new NodeLanes(credentials, systemClock, systemRandom),
  },
  {
    provide: Dispatcher,
    inject: [RoutingMap, NodeLanes, CachedDirectory],
    useFactory: (routes: RoutingMap, lanes: NodeLanes, directory: CachedDirectory) =>
      new Dispatcher(routes, lanes, systemClock, logger, settings.mailOwnerWaitMs, (account) =>
        directory.routeAnew(account),
      ),
  },
];

/** Known to all hubs of a cluster, and says nothing of its key. */
const decoySecretOf = (clusterKey: Buffer): Buffer => createHmac('sha256', clusterKey).update('scram decoy').digest();

const signIn = (settings: HubSettings, logger: Logger): Provider[] => [
  {
    provide: CachedDirectory,
    inject: [PostgresDirectoryLookup],
    useFactory: (lookup: PostgresDirectoryLookup) => new CachedDirectory(lookup, systemClock),
  },
  {
    provide: Authenticator,
    inject: [CachedDirectory, BULLETIN],
    useFactory: (directory: CachedDirectory, bulletin: Bulletin) =>
      new Authenticator(directory, systemClock, systemRandom, logger, bulletin, {
        ...DEFAULT_AUTHENTICATOR_LIMITS,
        delayMs: settings.authDelayMs,
      }),
  },
  {
    provide: AccountLedger,
    inject: [BULLETIN],
    useFactory: (bulletin: Bulletin) => new AccountLedger(bulletin, systemClock, settings.accountLimits),
  },
  {
    provide: SaslSignIn,
    inject: [Authenticator],
    useFactory: (authenticator: Authenticator) =>
      new SaslSignIn(authenticator, systemRandom, decoySecretOf(settings.clusterKey)),
  },
  {
    provide: MAIL_SERVICES,
    inject: [CachedDirectory, SaslSignIn, AccountLedger, Dispatcher],
    useFactory: (
      directory: CachedDirectory,
      sasl: SaslSignIn,
      accounts: AccountLedger,
      dispatcher: Dispatcher,
    ): MailServices => ({
      directory,
      sasl,
      accounts,
      dispatcher,
      clock: systemClock,
      random: systemRandom,
      logger,
    }),
  },
  {
    provide: CERTIFICATES,
    useFactory: () => {
      const names = [...new Set(['localhost', '127.0.0.1', settings.publicName])];
      return storedCertificate(join(settings.stateDirectory, 'tls'), names, systemClock, systemRandom, logger);
    },
  },
];

const ports = (settings: HubSettings, logger: Logger): Provider[] => [
  {
    provide: ConnectionLedger,
    inject: [BULLETIN],
    useFactory: (bulletin: Bulletin) =>
      new ConnectionLedger(bulletin, systemClock, {
        ...DEFAULT_CONNECTION_LIMITS,
        connectionsMax: settings.connectionsMax,
        perAddressMax: settings.connectionsPerAddressMax,
      }),
  },
  {
    provide: ENTRANCE,
    inject: [ConnectionLedger],
    useFactory: (ledger: ConnectionLedger): Entrance => ({
      ledger,
      proxies: { networks: settings.proxyNetworks, clock: systemClock, logger },
    }),
  },
  {
    provide: SmtpPorts,
    inject: [MAIL_SERVICES, CERTIFICATES, ENTRANCE],
    useFactory: (services: MailServices, certificates: CertificateProvider, entrance: Entrance) =>
      new SmtpPorts(settings, services, certificates, entrance, systemRandom, logger),
  },
  {
    provide: SessionPorts,
    inject: [CachedDirectory, Authenticator, SaslSignIn, AccountLedger, SessionLegs, CERTIFICATES, ENTRANCE],
    useFactory: (
      directory: CachedDirectory,
      authenticator: Authenticator,
      sasl: SaslSignIn,
      accounts: AccountLedger,
      legs: SessionLegs,
      certificates: CertificateProvider,
      entrance: Entrance,
    ) => {
      const services = { directory, authenticator, sasl, accounts, legs, certificates, clock: systemClock };
      return new SessionPorts(
        settings.host,
        sessionPorts(settings, services, logger),
        certificates,
        entrance,
        systemRandom,
      );
    },
  },
  {
    provide: HttpPorts,
    inject: [CERTIFICATES, ENTRANCE],
    useFactory: (certificates: CertificateProvider, entrance: Entrance) =>
      new HttpPorts(settings, new Upstream(settings.apiUrl, systemClock, logger), certificates, entrance),
  },
];

/** Every protocol whose sessions this hub signs in and holds. */
function sessionPorts(settings: HubSettings, services: SessionServices, logger: Logger): readonly SessionPort[] {
  const { ports } = settings;
  const frontSettings = {
    ...DEFAULT_SESSION_FRONT_SETTINGS,
    hostname: settings.publicName,
    plainLogin: settings.plainLogin,
    ownerWaitMs: settings.ownerWaitMs,
  };
  const front = (protocol: SessionProtocol) => new SessionFront(protocol, services, logger, frontSettings);
  return [
    { front: front(imap), plain: ports.imap, tls: ports.imaps },
    { front: front(pop3), plain: ports.pop3, tls: ports.pop3s },
    { front: front(managesieve), plain: ports.managesieve, tls: null },
  ];
}

const PARTS = [
  RedisBulletin,
  Database,
  PostgresClusterState,
  PostgresDirectoryLookup,
  CachedDirectory,
  RoutingMap,
  ControlClient,
  HubCoordinator,
  AccountMover,
  NodeLanes,
  NodeCarriers,
  ConnectionLedger,
  SmtpPorts,
  SessionPorts,
  HttpPorts,
  TrustWatch,
] as const;
type InstancesOf<T extends readonly unknown[]> = {
  [K in keyof T]: T[K] extends abstract new (...args: never) => infer Instance ? Instance : never;
};

const hub = (settings: HubSettings, logger: Logger): Provider => ({
  provide: Hub,
  inject: [...PARTS],
  useFactory: (...parts: InstancesOf<typeof PARTS>) => {
    const [
      bulletin,
      database,
      state,
      lookup,
      directory,
      routes,
      control,
      coordinator,
      mover,
      lanes,
      carriers,
      ledger,
      smtp,
      sessions,
      http,
      trustWatch,
    ] = parts;
    return new Hub({
      bulletin,
      database,
      state,
      lookup,
      directory,
      routes,
      control,
      coordinator,
      mover,
      lanes,
      carriers,
      ledger,
      smtp,
      sessions,
      http,
      trustWatch,
      drainMs: settings.drainMs,
      clock: systemClock,
      logger,
    });
  },
});
