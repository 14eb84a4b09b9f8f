import { z } from 'zod';
import { Instant } from './page.ts';

export const Alert = z
  .object({
    id: z.uuid(),
    kind: z
      .string()
      .describe('nodeDown, hubDown, noLeader, volumeUnserved, volumeFilling, tlsExpiring, failoverDone …'),
    subject: z.string().describe('Name of the hub, node or volume; empty for the cluster itself'),
    detail: z.string(),
    grade: z.int().describe('How urgent, from 0; one that rises is told at once'),
    since: Instant,
    resolvedAt: Instant.nullable().describe('Null while it stands'),
  })
  .meta({ id: 'Alert' });

export const AlertQuery = z.strictObject({
  open: z.enum(['true', 'false']).default('false').describe('Only those that stand'),
  limit: z.coerce.number().int().min(1).max(1_000).default(100),
});

export const AlertChannel = z
  .object({
    id: z.uuid(),
    kind: z.enum(['mail', 'webhook']),
    target: z.string().describe('Address or URL'),
    repeatMinutes: z.int(),
    createdAt: Instant,
    failure: z.string().nullable().describe('Why the last message could not be delivered'),
  })
  .meta({ id: 'AlertChannel' });

export const NewAlertChannel = AlertChannel.extend({
  secret: z.string().nullable().describe('Signs a webhook’s calls (standardwebhooks.com); shown this once'),
}).meta({ id: 'NewAlertChannel' });

export const CreateAlertChannel = z
  .strictObject({
    target: z.union([z.email().max(320), z.url({ protocol: /^https?$/ }).max(2_000)]).describe('Address or https URL'),
    repeatMinutes: z.int().min(1).max(10_080).default(60).describe('How often what still stands is said again'),
  })
  .meta({ id: 'CreateAlertChannel' });

export type Alert = z.output<typeof Alert>;
export type AlertChannel = z.output<typeof AlertChannel>;
export type NewAlertChannel = z.output<typeof NewAlertChannel>;
