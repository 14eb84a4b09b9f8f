import { z } from 'zod';
import { Instant } from './page.ts';

const role = z.enum(['hub', 'node']);
const memberName = z.string().min(1).max(100);

export const JoinTokenRecord = z
  .object({
    id: z.uuid(),
    role,
    name: z.string().nullable().describe('The member it is for; any new one when null'),
    state: z.enum(['open', 'used', 'expired']),
    createdBy: z.string(),
    createdAt: Instant,
    expiresAt: Instant,
  })
  .meta({ id: 'JoinTokenRecord' });

export const JoinToken = JoinTokenRecord.extend({
  token: z.string().describe('For ROOKERY_JOIN_TOKEN of the new hub or node; shown this once'),
}).meta({ id: 'JoinToken' });

export const CreateJoinToken = z
  .strictObject({
    role,
    name: memberName
      .nullable()
      .default(null)
      .describe('Binds it to this name; a member that has it loses its present certificate when the token is used'),
    minutes: z.int().min(1).max(10_080).default(60).describe('How long it may be used, once'),
  })
  .meta({ id: 'CreateJoinToken' });

export type JoinTokenRecord = z.output<typeof JoinTokenRecord>;
export type JoinToken = z.output<typeof JoinToken>;
