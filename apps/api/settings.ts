import { z } from 'zod';

const port = z.coerce.number().int().min(0).max(65_535);

/** The environment of the API, read once at start. */
const Settings = z.object({
  DATABASE_URL: z.url().describe('PostgreSQL'),
  REDIS_URL: z
    .url()
    .optional()
    .describe('Counts requests for all API processes together; without it each counts its own'),
  ROOKERY_HOST: z.string().default('127.0.0.1').describe('Address to listen on'),
  ROOKERY_API_PORT: port.default(2600).describe('Port of /api'),
  ROOKERY_STATUS_PORT: port.default(2601).describe('Port of /healthz, /readyz and /metrics'),
  ROOKERY_SEAL_KEY: z
    .string()
    .regex(/^[0-9a-f]{64}$/i, '32 bytes in hex')
    .transform((text) => Buffer.from(text, 'hex'))
    .describe('Seals what the control plane keeps secret in its database: the clusters’ authorities'),
  ROOKERY_ADVERTISED_HOST: z
    .string()
    .optional()
    .describe('Name or address at which hubs and nodes reach this process; default ROOKERY_HOST'),
  ROOKERY_JOIN_PORT: port.default(2603).describe('New members join here; it listens only while a join token is open'),
  ROOKERY_RENEWAL_PORT: port.default(2604).describe('Members renew their certificates here; mutual TLS'),
  ROOKERY_CERTIFICATE_DAYS: z.coerce
    .number()
    .positive()
    .max(825)
    .default(30)
    .describe('Life of a member’s certificate; renewed when a third is left'),
  ROOKERY_MEMBER_DATABASE_URL: z.url().optional().describe('PostgreSQL, as hubs reach it; default DATABASE_URL'),
  ROOKERY_MEMBER_REDIS_URL: z.url().optional().describe('Redis, as nodes reach it; default REDIS_URL'),
  ROOKERY_MEMBER_API_URL: z.url().optional().describe('This API, as hubs reach it; default by host and port'),
  ROOKERY_LOG_LEVEL: z.enum(['debug', 'info', 'warn', 'error']).default('info'),
  ROOKERY_API_BODY_BYTES_MAX: z.coerce
    .number()
    .int()
    .min(1_024)
    .default(1_048_576)
    .describe('An alias of 1,000 targets is 256 KB'),
  ROOKERY_API_USAGE_BATCH_MAX: z.coerce
    .number()
    .int()
    .min(1)
    .max(10_000)
    .default(1_000)
    .describe('Events of a usage batch: what our own senders put in one, 300 KB as CloudEvents'),
  ROOKERY_API_REQUESTS_PER_MINUTE: z.coerce
    .number()
    .int()
    .min(1)
    .default(6_000)
    .describe('Of one key: 100 a second, more than one caller waiting for answers makes'),
  ROOKERY_API_REFUSALS_PER_MINUTE: z.coerce
    .number()
    .int()
    .min(1)
    .default(60)
    .describe('Requests without a valid key, of one address'),
  ROOKERY_API_NODE_TIMEOUT_MS: z.coerce
    .number()
    .int()
    .min(1)
    .default(1_000)
    .describe('How long a node may take to say what it holds; then the last known value is given'),
  ROOKERY_API_DATABASE_CONNECTIONS: z.coerce.number().int().min(1).default(16),
  ROOKERY_API_TRUSTED_PROXIES: z
    .string()
    .default('loopback')
    .describe('Addresses or networks of the hubs, separated by commas: their X-Forwarded-For is believed'),
  ROOKERY_HUB_DOMAIN: z
    .string()
    .default('localhost')
    .describe('Domain under which the hubs’ names are host names, for the DNS records a domain is told to publish'),
  ROOKERY_ARGON2_MEMORY_KIB: z.coerce
    .number()
    .int()
    .min(8)
    .default(19_456)
    .describe('Cost of a password hash: OWASP Password Storage Cheat Sheet'),
  ROOKERY_ARGON2_PASSES: z.coerce.number().int().min(1).default(2),
  ROOKERY_ARGON2_LANES: z.coerce.number().int().min(1).default(1),
  ROOKERY_STRIPE_KEY: z.string().min(1).optional().describe('Secret key of Stripe; without it nothing is collected'),
  ROOKERY_STRIPE_URL: z.url().optional().describe('Another server that speaks Stripe’s API'),
  ROOKERY_STRIPE_WEBHOOK_SECRETS: z
    .string()
    .default('')
    .transform((text) => text.split(',').filter(Boolean))
    .describe('Secrets of the webhook endpoint, separated by commas: two while one is rolled'),
  ROOKERY_SUPERVISED: z.string().optional().describe('Set by the supervisor: end when standard input does'),
});
export type Settings = Readonly<z.output<typeof Settings>>;

/** Throws with every wrong setting named. */
export function readSettings(environment: Readonly<Record<string, string | undefined>>): Settings {
  const parsed = Settings.safeParse(environment);
  if (parsed.success) return Object.freeze(parsed.data);
  throw new Error(`The settings are wrong:\n${z.prettifyError(parsed.error)}`);
}
