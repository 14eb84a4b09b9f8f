import { z } from 'zod';
import type { SubmissionSettings } from '#billing/delivery';
import type { StripeSettings } from '#billing/stripe';

const schema = z.object({
  /** PostgreSQL, as the role that owns the schema. */
  DATABASE_URL: z.url(),
  REDIS_URL: z.url(),
  /** Address the status port listens on. */
  ROOKERY_HOST: z.string().default('127.0.0.1'),
  /** /healthz, /readyz and /metrics; 0 takes a free one. */
  ROOKERY_STATUS_PORT: z.coerce.number().int().min(0).max(65_535).default(0),
  ROOKERY_LOG_LEVEL: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal']).default('info'),
  /** Set by a supervisor that holds our standard input open while it lives. */
  ROOKERY_SUPERVISED: z.literal('1').optional(),
  /** How long the outbox rests after it was found empty. A second: the newest fact is on the preview about that late. */
  ROOKERY_BILLING_OUTBOX_POLL_MS: z.coerce.number().int().min(10).max(60_000).default(1_000),
  /** Usage batches counted at once. Each waits mostly on PostgreSQL; four keep one core of it busy. */
  ROOKERY_BILLING_USAGE_CONCURRENCY: z.coerce.number().int().min(1).max(64).default(4),
  /** Secret key of Stripe; without it nothing is collected. */
  ROOKERY_STRIPE_KEY: z.string().min(1).optional(),
  /** Another server that speaks Stripe's API. */
  ROOKERY_STRIPE_URL: z.url().optional(),
  /** The account letters are sent with: `smtp://user:password@host:587`, or `smtps://`. Without it they wait. */
  ROOKERY_BILLING_MAIL_URL: z.url({ protocol: /^smtps?$/ }).optional(),
  /** Their sender; by default the account itself. */
  ROOKERY_BILLING_MAIL_FROM: z.email().optional(),
  /** Take the submission server's certificate unseen: on one's own machine only. */
  ROOKERY_BILLING_MAIL_ANY_CERTIFICATE: z.literal('1').optional(),
  /** How often clusters are looked at for what needs an operator. */
  ROOKERY_ALERT_INTERVAL_MS: z.coerce.number().int().min(500).max(600_000).default(5_000),
  /** Let webhooks go to plain HTTP and private addresses: on one's own machine only. */
  ROOKERY_WEBHOOKS_PRIVATE: z.literal('1').optional(),
});

/** What this process is told from outside, parsed once at start. */
export interface BillingSettings {
  readonly databaseUrl: string;
  readonly redisUrl: string;
  readonly host: string;
  readonly statusPort: number;
  readonly logLevel: string;
  readonly supervised: boolean;
  readonly outboxPollMs: number;
  readonly usageConcurrency: number;
  /** Where invoices are collected; `undefined` for nowhere. */
  readonly stripe: StripeSettings | undefined;
  /** With what account letters are sent. */
  readonly mail: SubmissionSettings | undefined;
  readonly allowsPrivateWebhooks: boolean;
  readonly alertIntervalMs: number;
}

/** Throws with every wrong or missing variable named. */
export function readSettings(environment: NodeJS.ProcessEnv): BillingSettings {
  const parsed = schema.safeParse(environment);
  if (!parsed.success) throw new Error(`Settings of billing are wrong:\n${z.prettifyError(parsed.error)}`);
  const values = parsed.data;
  return Object.freeze({
    databaseUrl: values.DATABASE_URL,
    redisUrl: values.REDIS_URL,
    host: values.ROOKERY_HOST,
    statusPort: values.ROOKERY_STATUS_PORT,
    logLevel: values.ROOKERY_LOG_LEVEL,
    supervised: values.ROOKERY_SUPERVISED === '1',
    outboxPollMs: values.ROOKERY_BILLING_OUTBOX_POLL_MS,
    usageConcurrency: values.ROOKERY_BILLING_USAGE_CONCURRENCY,
    stripe: stripeOf(values),
    mail: mailOf(values),
    allowsPrivateWebhooks: values.ROOKERY_WEBHOOKS_PRIVATE === '1',
    alertIntervalMs: values.ROOKERY_ALERT_INTERVAL_MS,
  });
}

type Values = z.output<typeof schema>;

function stripeOf({ ROOKERY_STRIPE_KEY: apiKey, ROOKERY_STRIPE_URL: url }: Values): StripeSettings | undefined {
  return apiKey === undefined ? undefined : { apiKey, ...(url === undefined ? {} : { url }) };
}

function mailOf(values: Values): SubmissionSettings | undefined {
  const url = values.ROOKERY_BILLING_MAIL_URL;
  if (url === undefined) return undefined;
  const from = values.ROOKERY_BILLING_MAIL_FROM ?? decodeURIComponent(new URL(url).username);
  return { url, from, trustsAnyCertificate: values.ROOKERY_BILLING_MAIL_ANY_CERTIFICATE === '1' };
}
