import { join } from 'node:path';
import type { ControlPlaneInput } from './control-plane.ts';
import type { SupervisorOptions } from './options.ts';

export const HOST = '127.0.0.1';

/** Public ports of hub k = 1, 2, …; the first hub's are `portBase` plus the protocol's own number. */
export interface HubPorts {
  readonly smtp: number;
  readonly submission: number;
  readonly submissions: number;
  readonly imap: number;
  readonly imaps: number;
  readonly pop3: number;
  readonly pop3s: number;
  readonly managesieve: number;
  readonly http: number;
  readonly https: number;
}

export interface HubPlace {
  readonly name: string;
  readonly ports: HubPorts;
  /** LMTP from the cluster's own nodes. */
  readonly relayPort: number;
  readonly statusPort: number;
}

export interface NodePlace {
  readonly name: string;
  readonly controlPort: number;
  readonly dataPort: number;
  readonly statusPort: number;
}

/** Where everything of one embedded cluster is. */
export interface Layout {
  readonly hubs: readonly HubPlace[];
  readonly nodes: readonly NodePlace[];
  readonly postgresPort: number;
  readonly redisPort: number;
  readonly apiPort: number;
  readonly apiStatusPort: number;
  readonly billingStatusPort: number;
  /** The demo's own Stripe. */
  readonly paymentsPort: number;
  /** Open only while something is to join. */
  readonly joinPort: number;
  readonly renewalPort: number;
  readonly directories: {
    readonly data: string;
    readonly logs: string;
    readonly nodes: string;
    readonly volumes: string;
    readonly hubs: string;
    readonly backups: string;
    readonly postgres: string;
    readonly redis: string;
  };
  readonly clusterFile: string;
}

export function layoutOf(options: SupervisorOptions): Layout {
  const base = options.portBase;
  const data = options.dataDirectory;
  return {
    hubs: Array.from({ length: options.hubs }, (_, index) => hubPlace(index + 1, base + 1000 * index)),
    nodes: Array.from({ length: options.nodes + options.standby }, (_, index) => ({
      name: `node-${index + 1}`,
      controlPort: base + 701 + index,
      dataPort: base + 801 + index,
      statusPort: base + 901 + index,
    })),
    postgresPort: base + 432,
    redisPort: base + 379,
    apiPort: base + 600,
    apiStatusPort: base + 601,
    billingStatusPort: base + 602,
    paymentsPort: base + 606,
    joinPort: base + 603,
    renewalPort: base + 604,
    directories: {
      data,
      logs: join(data, 'logs'),
      nodes: join(data, 'nodes'),
      volumes: join(data, 'volumes'),
      hubs: join(data, 'hubs'),
      backups: join(data, 'backups'),
      postgres: join(data, 'postgres'),
      redis: join(data, 'redis'),
    },
    clusterFile: join(data, 'cluster.json'),
  };
}

const hubPlace = (number: number, base: number): HubPlace => ({
  name: `hub-${number}`,
  ports: {
    smtp: base + 25,
    submission: base + 587,
    submissions: base + 465,
    imap: base + 143,
    imaps: base + 993,
    pop3: base + 110,
    pop3s: base + 995,
    managesieve: base + 190,
    http: base + 80,
    https: base + 443,
  },
  relayPort: base + 624,
  statusPort: base + 90,
});

/** Every port the layout listens on, with what for: to name the one that is taken. */
export function portsOf(layout: Layout): readonly (readonly [number, string])[] {
  return [
    [layout.apiPort, 'API'],
    [layout.apiStatusPort, 'API status'],
    [layout.billingStatusPort, 'billing status'],
    [layout.paymentsPort, 'payments of the demo'],
    [layout.joinPort, 'join'],
    [layout.renewalPort, 'renewal'],
    ...layout.hubs.flatMap((hub) => [
      ...Object.entries(hub.ports).map(([service, port]) => [port, `${hub.name} ${service}`] as const),
      [hub.relayPort, `${hub.name} relay`] as const,
      [hub.statusPort, `${hub.name} status`] as const,
    ]),
    ...layout.nodes.flatMap((node) => [
      [node.controlPort, `${node.name} control`] as const,
      [node.dataPort, `${node.name} data`] as const,
      [node.statusPort, `${node.name} status`] as const,
    ]),
  ];
}

/** The layout's nodes and volumes as the control plane knows them. Volume k prefers active node k (in turn), so that the standbys start empty. */
export function membersOf(layout: Layout, options: SupervisorOptions): Pick<ControlPlaneInput, 'nodes' | 'volumes'> {
  return {
    nodes: layout.nodes.map(({ name, controlPort, dataPort }) => ({
      name,
      control: { host: HOST, port: controlPort },
      data: { host: HOST, port: dataPort },
    })),
    volumes: Array.from({ length: options.volumes }, (_, index) => ({
      name: `volume-${index + 1}`,
      path: join(layout.directories.volumes, `volume-${index + 1}`),
      preferredNode: `node-${(index % options.nodes) + 1}`,
    })),
  };
}

/** Where a hub or node keeps who it is. */
export const stateDirectoryOf = ({ directories }: Layout, role: 'hub' | 'node', name: string): string =>
  join(role === 'hub' ? directories.hubs : directories.nodes, name);

/** Every hub and node with where it keeps who it is. */
export const startingOf = (layout: Layout) => [
  ...layout.hubs.map(({ name }) => starting(layout, 'hub', name)),
  ...layout.nodes.map(({ name }) => starting(layout, 'node', name)),
];

const starting = (layout: Layout, role: 'hub' | 'node', name: string) => ({
  name,
  role,
  stateDirectory: stateDirectoryOf(layout, role, name),
});
