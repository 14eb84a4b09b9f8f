import { z } from 'zod';
import { DEFAULT_TIMING } from '#cluster/api';

const port = z.coerce.number().int().min(1).max(65_535);
const milliseconds = z.coerce.number().int().min(1);

/** Everything a node is told from outside, read once at boot. */
export const nodeSettingsSchema = z.object({
  ROOKERY_NODE_ID: z.uuid(),
  ROOKERY_NODE_NAME: z.string().min(1),
  ROOKERY_CLUSTER_ID: z.uuid(),
  /** 32 bytes or more, hex: signs what hubs and nodes say to each other. */
  ROOKERY_CLUSTER_KEY: z
    .string()
    .regex(/^([0-9a-f]{2}){32,}$/)
    .transform((text) => Buffer.from(text, 'hex')),
  ROOKERY_HOST: z.string().default('127.0.0.1'),
  ROOKERY_CONTROL_PORT: port,
  ROOKERY_DATA_PORT: port,
  ROOKERY_STATUS_PORT: port,
  REDIS_URL: z.url(),
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
  /** Executables that a volume's `fence` may name, comma-separated; none when absent. */
  ROOKERY_FENCE_ALLOW: z
    .string()
    .default('')
    .transform((text) => text.split(',').filter(Boolean)),
  ROOKERY_OWNER_LEASE_MS: milliseconds.default(DEFAULT_TIMING.ownerLeaseMs),
  ROOKERY_USAGE_INTERVAL_MS: milliseconds.default(2_000),
  ROOKERY_GAUGE_INTERVAL_MS: milliseconds.default(60_000),
  /** How long sessions get to end by themselves when a volume leaves in order. */
  ROOKERY_ENDING_MS: milliseconds.default(200),
  ROOKERY_LOG_LEVEL: z.string().default('info'),
  ROOKERY_SUPERVISED: z.string().optional(),
});

export type NodeSettings = Readonly<z.infer<typeof nodeSettingsSchema>>;
