import { hostname } from 'node:os';
import { z } from 'zod';
import { DEFAULT_CARRIER_SETTINGS } from '#carrier';
import { DEFAULT_TIMING } from '#cluster/api';

const port = z.coerce.number().int().min(1).max(65_535);
const milliseconds = z.coerce.number().int().min(1);

/** Everything a node is told from outside, read once at boot. */
export const nodeSettingsSchema = z.object({
  /** Unless the join token gives another; the machine's when absent. */
  ROOKERY_NODE_NAME: z.string().min(1).max(100).default(hostname()),
  /** Membership and certificates. */
  ROOKERY_STATE_DIR: z.string().min(1),
  /** Makes this process a member at its first start: `rookery token create --role node`. */
  ROOKERY_JOIN_TOKEN: z.string().optional(),
  /** Name or address at which hubs reach this node; default the listening address, or the machine's name. */
  ROOKERY_ADVERTISED_HOST: z.string().optional(),
  /** `host:port` at which the certificate is renewed; what was told at joining when absent. */
  ROOKERY_RENEWAL: z
    .string()
    .regex(/^[^:]+:\d{1,5}$/)
    .transform((text) => ({ host: text.split(':')[0] ?? '', port: Number(text.split(':')[1]) }))
    .optional(),
  ROOKERY_HOST: z.string().default('127.0.0.1'),
  ROOKERY_CONTROL_PORT: port,
  ROOKERY_DATA_PORT: port,
  ROOKERY_STATUS_PORT: port,
  /** What was told at joining when absent. */
  REDIS_URL: z.url().optional(),
  /** In EHLO and bounces; the node's name when absent. */
  ROOKERY_MAIL_HOSTNAME: z.string().optional(),
  /** `host:port` that takes all mail for the world; MX look-up when absent. */
  ROOKERY_RELAY_HOST: z
    .string()
    .regex(/^[^:]+:\d+$/)
    .optional(),
  /** Addresses of DNS servers, comma-separated; the system's when absent. */
  ROOKERY_DNS_SERVERS: z
    .string()
    .transform((text) => text.split(','))
    .optional(),
  /** Executables that a volume's `command` mount may name, comma-separated; none when absent. */
  ROOKERY_MOUNT_ALLOW: z
    .string()
    .default('')
    .transform((text) => text.split(',').filter(Boolean)),
  /** How long one mount or unmount may take. 30,000: what a network file system needs to find its server gone. */
  ROOKERY_MOUNT_TIMEOUT_MS: milliseconds.default(30_000),
  /** How often the file systems under volumes are looked at. 5,000: a full one is known before the next few messages. */
  ROOKERY_STORAGE_LOOK_MS: milliseconds.default(5_000),
  /** Executables that a volume's `fence` may name, comma-separated; none when absent. */
  ROOKERY_FENCE_ALLOW: z
    .string()
    .default('')
    .transform((text) => text.split(',').filter(Boolean)),
  /** Where backups of this node's volumes go, best on storage of its own; none are made when absent. */
  ROOKERY_BACKUP_DIRECTORY: z.string().startsWith('/').optional(),
  /**
   * JSON file of this node's keys for S3-compatible cold storage, by the name volumes give: `{ "NAME": { "accessKeyId": …,
   * "secretAccessKey": …, "sessionToken"?: … } }`. Read at each request; best readable by this node's user alone.
   */
  ROOKERY_COLD_CREDENTIALS_FILE: z.string().startsWith('/').optional(),
  /** The credentials called `default`, where the file has none of that name. */
  ROOKERY_COLD_ACCESS_KEY_ID: z.string().min(1).optional(),
  ROOKERY_COLD_SECRET_ACCESS_KEY: z.string().min(1).optional(),
  /** How long one try of a request to cold storage may take. 10,000: a client waits for its mail meanwhile. */
  ROOKERY_COLD_READ_TIMEOUT_MS: milliseconds.default(10_000),
  /** The same for writing an object of some megabytes. 60,000. */
  ROOKERY_COLD_WRITE_TIMEOUT_MS: milliseconds.default(60_000),
  ROOKERY_OWNER_LEASE_MS: milliseconds.default(DEFAULT_TIMING.ownerLeaseMs),
  ROOKERY_USAGE_INTERVAL_MS: milliseconds.default(2_000),
  ROOKERY_GAUGE_INTERVAL_MS: milliseconds.default(900_000),
  /** How long sessions get to end by themselves when a volume leaves in order. */
  ROOKERY_ENDING_MS: milliseconds.default(200),
  // What a hub's carriers may bring; each defaults to what is said in libs/carrier/settings.ts.
  ROOKERY_CHANNEL_WINDOW_BYTES: z.coerce
    .number()
    .int()
    .min(32_768)
    .max(16_777_216)
    .default(DEFAULT_CARRIER_SETTINGS.windowBytes),
  ROOKERY_CARRIER_CHANNELS_MAX: z.coerce.number().int().min(1).default(DEFAULT_CARRIER_SETTINGS.channelsMax),
  ROOKERY_CARRIER_PING_MS: milliseconds.default(DEFAULT_CARRIER_SETTINGS.pingMs),
  ROOKERY_CARRIER_SILENCE_MS: milliseconds.default(DEFAULT_CARRIER_SETTINGS.silenceMsMax),
  ROOKERY_LOG_LEVEL: z.string().default('info'),
  ROOKERY_SUPERVISED: z.string().optional(),
});

export type NodeSettings = Readonly<z.infer<typeof nodeSettingsSchema>>;
