import { z } from 'zod';
import { Instant, pageOf } from './page.ts';

export const EVENT_TYPES = [
  'invoice.finalized',
  'invoice.overdue',
  'invoice.paid',
  'creditNote.issued',
  'dunning.reminder',
  'partner.suspended',
  'partner.restored',
  'dispute.opened',
  'dispute.commented',
  'dispute.credited',
  'dispute.rejected',
  'dispute.withdrawn',
  'refund.requested',
  'refund.succeeded',
  'refund.failed',
  'spend.threshold',
  'spend.capReached',
] as const;

export const NewWebhook = z.strictObject({
  url: z
    .url({ protocol: /^https?$/ })
    .max(2_000)
    .describe('HTTPS, at a public address'),
  events: z.array(z.enum(EVENT_TYPES)).max(EVENT_TYPES.length).default([]).describe('Empty for all'),
});

export const Webhook = z
  .object({
    id: z.uuid(),
    url: z.string(),
    events: z.array(z.string()),
    enabled: z.boolean(),
    createdAt: Instant,
  })
  .meta({ id: 'Webhook' });

export const CreatedWebhook = Webhook.extend({
  secret: z
    .string()
    .describe(
      'Shown this once. Checks `webhook-signature` after standardwebhooks.com: HMAC-SHA-256 of id.timestamp.body',
    ),
}).meta({ id: 'CreatedWebhook' });

export const Webhooks = z.object({ items: z.array(Webhook) }).meta({ id: 'Webhooks' });

export const WebhookDeliveries = pageOf(
  z
    .object({
      id: z.string(),
      type: z.string(),
      attempt: z.int(),
      status: z.int().nullable().describe('null when there was no answer'),
      failure: z.string().nullable(),
      durationMs: z.int(),
      at: Instant,
    })
    .meta({ id: 'WebhookDelivery' }),
);

export const TaskQuery = z.object({
  limit: z.coerce.number().int().min(1).max(500).default(50),
  after: z
    .string()
    .regex(/^[\w-]{1,100}$/)
    .exactOptional()
    .describe('`next` of the page before'),
  state: z.enum(['waiting', 'handing', 'done', 'skipped', 'failed', 'uncertain']).exactOptional(),
});

export const InvoiceTask = z
  .object({
    id: z.string(),
    partner: z.string(),
    kind: z.enum(['document', 'mail', 'collect', 'webhook', 'refund']),
    event: z.string(),
    state: z
      .enum(['waiting', 'handing', 'done', 'skipped', 'failed', 'uncertain'])
      .describe('uncertain: a letter that may have been sent; it is not sent again by itself'),
    attempts: z.int(),
    nextTryAt: Instant,
    failure: z.string().nullable().describe('Why it is not done, or was not to be'),
    createdAt: Instant,
    doneAt: Instant.nullable(),
  })
  .meta({ id: 'InvoiceTask' });

export const InvoiceTasks = pageOf(InvoiceTask);

export type Webhook = z.output<typeof Webhook>;
export type InvoiceTask = z.output<typeof InvoiceTask>;
