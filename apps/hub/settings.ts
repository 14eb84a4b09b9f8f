import { hostname } from 'node:os';
import { z } from 'zod';
import { DEFAULT_MOVER_SETTINGS } from '#cluster/mover';
import { DEFAULT_ACCOUNT_LIMITS, isLoopback } from '#frontdoor';
import type { CertificateRenewal, MemberTrust } from '#trust';

const port = z.coerce.number().int().min(0).max(65_535);
const milliseconds = z.coerce.number().int().min(10).max(3_600_000);
const yesNo = z.enum(['true', 'false']).transform((text) => text === 'true');

const hostAndPort = z
  .string()
  .regex(/^[^:]+:\d{1,5}$/)
  .transform((text) => ({ host: text.split(':')[0] ?? '', port: Number(text.split(':')[1]) }));

const schema = z.object({
  /** Name in logs, the console and hand-overs, unless the join token gives another; the machine's when absent. */
  ROOKERY_HUB_NAME: z.string().min(1).max(100).default(hostname()),
  /** Makes this process a member at its first start: `rookery token create --role hub`. */
  ROOKERY_JOIN_TOKEN: z.string().optional(),
  /** `host:port` at which the certificate is renewed; what was told at joining when absent. */
  ROOKERY_RENEWAL: hostAndPort.optional(),
  /** PostgreSQL; what was told at joining when absent. */
  DATABASE_URL: z.url().optional(),
  /** Redis, over which hubs tell each other what they count. Without it each counts alone. */
  REDIS_URL: z.url().optional(),
  /** Address the public ports, the relay port and the status port listen on. */
  ROOKERY_HOST: z.string().default('127.0.0.1'),
  /** Name or address at which nodes and other hubs reach this one; default the listening address, or the machine's name. */
  ROOKERY_ADVERTISED_HOST: z.string().optional(),
  /** Our name towards clients: greetings, trace headers, certificate. Default the machine's. */
  ROOKERY_PUBLIC_NAME: z.string().optional(),
  ROOKERY_SMTP_PORT: port.default(2025),
  ROOKERY_SUBMISSION_PORT: port.default(2587),
  ROOKERY_SUBMISSIONS_PORT: port.default(2465),
  ROOKERY_IMAP_PORT: port.default(2143),
  ROOKERY_IMAPS_PORT: port.default(2993),
  ROOKERY_POP3_PORT: port.default(2110),
  ROOKERY_POP3S_PORT: port.default(2995),
  ROOKERY_MANAGESIEVE_PORT: port.default(2190),
  ROOKERY_HTTP_PORT: port.default(2080),
  ROOKERY_HTTPS_PORT: port.default(2443),
  /** LMTP from the cluster's own nodes. */
  ROOKERY_RELAY_PORT: port.default(2024),
  /** /healthz, /readyz and /metrics. */
  ROOKERY_STATUS_PORT: port.default(0),
  /** What was told at joining when absent. */
  ROOKERY_API_URL: z.url().optional(),
  /** Membership, certificates, routing map. */
  ROOKERY_STATE_DIR: z.string().min(1),
  ROOKERY_LOG_LEVEL: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal']).default('info'),
  ROOKERY_SUPERVISED: z.literal('1').optional(),
  /** Passwords without TLS. Default: only on a loopback address. */
  ROOKERY_PLAIN_LOGIN: yesNo.optional(),
  /** Where mail for a bare `<Postmaster>` goes; refused when not set. */
  ROOKERY_POSTMASTER: z.string().optional(),
  /** Load balancers' networks (CIDR, separated by commas): their connections begin with a PROXY header, version 1 or 2. Default none. */
  ROOKERY_PROXY_NETWORKS: z
    .string()
    .default('')
    .transform((text) =>
      text
        .split(',')
        .map((network) => network.trim())
        .filter(Boolean),
    ),
  ROOKERY_CONNECTIONS_MAX: z.coerce.number().int().min(1).default(25_000),
  ROOKERY_CONNECTIONS_PER_ADDRESS: z.coerce.number().int().min(1).default(200),
  /** Over all hubs, as are the connections of an address. */
  ROOKERY_SESSIONS_PER_ACCOUNT: z.coerce.number().int().min(1).default(DEFAULT_ACCOUNT_LIMITS.sessionsMax),
  /** Recipients an account may submit to in a day (UTC). */
  ROOKERY_RECIPIENTS_PER_DAY: z.coerce.number().int().min(1).default(DEFAULT_ACCOUNT_LIMITS.recipientsPerDayMax),
  ROOKERY_MESSAGE_BYTES_MAX: z.coerce.number().int().min(65_536).default(52_428_800),
  /** A refused sign-in is answered after this; each further one of the address after twice as long. */
  ROOKERY_AUTH_DELAY_MS: z.coerce.number().int().min(0).max(60_000).default(2_000),
  /** How long a mail session waits for its volume to have an owner. docs/CLUSTER.md. */
  ROOKERY_OWNER_WAIT_MS: milliseconds.default(30_000),
  /** And a message. */
  ROOKERY_MAIL_OWNER_WAIT_MS: milliseconds.default(10_000),
  /** How long the volume an account has left keeps its copy. */
  ROOKERY_MOVE_GRACE_MS: z.coerce.number().int().min(0).default(DEFAULT_MOVER_SETTINGS.graceMs),
  /** After the signal to stop, /readyz says no and the hub goes on as before for so long: a load balancer then sends nobody new. */
  ROOKERY_DRAIN_MS: z.coerce.number().int().min(0).max(3_600_000).default(0),
  // Connections to nodes that carry sessions; each defaults to what is said in libs/frontdoor/routing/node-carriers.ts.
  ROOKERY_CARRIERS_PER_NODE: z.coerce.number().int().min(1).max(16).optional(),
  ROOKERY_CHANNEL_WINDOW_BYTES: z.coerce.number().int().min(32_768).max(16_777_216).optional(),
  ROOKERY_CARRIER_PING_MS: milliseconds.optional(),
  ROOKERY_CARRIER_SILENCE_MS: milliseconds.optional(),
  ROOKERY_CARRIER_AGE_MS: z.coerce.number().int().min(1_000).optional(),
  // docs/CLUSTER.md's timing; each defaults to what is said there.
  ROOKERY_LEADER_TTL_MS: milliseconds.optional(),
  ROOKERY_LEADER_RENEW_MS: milliseconds.optional(),
  ROOKERY_PROBE_INTERVAL_MS: milliseconds.optional(),
  ROOKERY_PROBES_MISSED_MAX: z.coerce.number().int().min(1).max(100).optional(),
  ROOKERY_OWNER_LEASE_MS: milliseconds.optional(),
  ROOKERY_LOCK_WAIT_MS: milliseconds.optional(),
});

/** What this process is told from outside, parsed once at start. */
export type OwnSettings = ReturnType<typeof readSettings>;

/** And what it is in its cluster. */
export interface HubPlace {
  readonly clusterId: string;
  readonly hubId: string;
  readonly name: string;
  /** Signs hand-overs. */
  readonly clusterKey: Buffer;
  readonly databaseUrl: string;
  readonly redisUrl: string | undefined;
  readonly apiUrl: URL;
  readonly trust: MemberTrust;
  readonly certificateRenewal: CertificateRenewal;
}

export type HubSettings = OwnSettings & HubPlace;

/** Throws with every wrong or missing variable named. */
export function readSettings(environment: NodeJS.ProcessEnv) {
  const parsed = schema.safeParse(environment);
  if (!parsed.success) throw new Error(`Settings of the hub are wrong:\n${z.prettifyError(parsed.error)}`);
  const values = parsed.data;
  const host = values.ROOKERY_HOST;
  const everywhere = host === '0.0.0.0' || host === '::';
  return Object.freeze({
    name: values.ROOKERY_HUB_NAME,
    joinToken: values.ROOKERY_JOIN_TOKEN,
    renewal: values.ROOKERY_RENEWAL,
    databaseUrl: values.DATABASE_URL,
    host,
    advertisedHost: values.ROOKERY_ADVERTISED_HOST ?? (everywhere ? hostname() : host),
    publicName: values.ROOKERY_PUBLIC_NAME ?? hostname(),
    ports: {
      smtp: values.ROOKERY_SMTP_PORT,
      submission: values.ROOKERY_SUBMISSION_PORT,
      submissions: values.ROOKERY_SUBMISSIONS_PORT,
      imap: values.ROOKERY_IMAP_PORT,
      imaps: values.ROOKERY_IMAPS_PORT,
      pop3: values.ROOKERY_POP3_PORT,
      pop3s: values.ROOKERY_POP3S_PORT,
      managesieve: values.ROOKERY_MANAGESIEVE_PORT,
      http: values.ROOKERY_HTTP_PORT,
      https: values.ROOKERY_HTTPS_PORT,
      relay: values.ROOKERY_RELAY_PORT,
      status: values.ROOKERY_STATUS_PORT,
    },
    apiUrl: values.ROOKERY_API_URL === undefined ? undefined : new URL(values.ROOKERY_API_URL),
    stateDirectory: values.ROOKERY_STATE_DIR,
    logLevel: values.ROOKERY_LOG_LEVEL,
    supervised: values.ROOKERY_SUPERVISED === '1',
    plainLogin: values.ROOKERY_PLAIN_LOGIN ?? isLoopback(host),
    postmaster: values.ROOKERY_POSTMASTER ?? null,
    proxyNetworks: values.ROOKERY_PROXY_NETWORKS,
    redisUrl: values.REDIS_URL,
    accountLimits: {
      sessionsMax: values.ROOKERY_SESSIONS_PER_ACCOUNT,
      recipientsPerDayMax: values.ROOKERY_RECIPIENTS_PER_DAY,
    },
    connectionsMax: values.ROOKERY_CONNECTIONS_MAX,
    connectionsPerAddressMax: values.ROOKERY_CONNECTIONS_PER_ADDRESS,
    messageBytesMax: values.ROOKERY_MESSAGE_BYTES_MAX,
    authDelayMs: values.ROOKERY_AUTH_DELAY_MS,
    ownerWaitMs: values.ROOKERY_OWNER_WAIT_MS,
    mailOwnerWaitMs: values.ROOKERY_MAIL_OWNER_WAIT_MS,
    drainMs: values.ROOKERY_DRAIN_MS,
    moveGraceMs: values.ROOKERY_MOVE_GRACE_MS,
    carriers: given({
      perNodeMax: values.ROOKERY_CARRIERS_PER_NODE,
      windowBytes: values.ROOKERY_CHANNEL_WINDOW_BYTES,
      pingMs: values.ROOKERY_CARRIER_PING_MS,
      silenceMsMax: values.ROOKERY_CARRIER_SILENCE_MS,
      ageMsMax: values.ROOKERY_CARRIER_AGE_MS,
    }),
    timing: given({
      leaderTtlMs: values.ROOKERY_LEADER_TTL_MS,
      leaderRenewMs: values.ROOKERY_LEADER_RENEW_MS,
      probeIntervalMs: values.ROOKERY_PROBE_INTERVAL_MS,
      probesMissedMax: values.ROOKERY_PROBES_MISSED_MAX,
      ownerLeaseMs: values.ROOKERY_OWNER_LEASE_MS,
      lockWaitMs: values.ROOKERY_LOCK_WAIT_MS,
    }),
  });
}

type Given<T> = { readonly [K in keyof T]?: Exclude<T[K], undefined> };
const given = <T extends object>(values: T): Given<T> =>
  Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as Given<T>;
