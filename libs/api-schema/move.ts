import { z } from 'zod';
import { Instant, Name } from './page.ts';

export const Move = z
  .object({
    id: z.string(),
    account: z.string().describe('Its address'),
    accountId: z.uuid(),
    from: z.string().describe('Name of the volume it leaves'),
    to: z.string().describe('Name of the volume it goes to'),
    state: z
      .enum(['waiting', 'copying', 'switching', 'forgetting', 'cancelling', 'done', 'cancelled', 'failed'])
      .describe('`forgetting`: it has moved, and its former volume keeps a copy for a while'),
    bytesTotal: z.int().nullable().describe('What the account held when copying began'),
    bytesCopied: z.int(),
    passes: z.int(),
    heldMs: z.number().nullable().describe('How long nobody could change the account'),
    trouble: z.string().nullable().describe('Why it does not go on'),
    requestedAt: Instant,
    updatedAt: Instant,
    forgetAt: Instant.nullable(),
    finishedAt: Instant.nullable(),
  })
  .meta({ id: 'Move' });

export const CreateMove = z
  .strictObject({ account: Name.describe('Id or address'), to: Name.describe('Id or name of a volume of its cluster') })
  .meta({ id: 'CreateMove' });

export const MoveQuery = z.object({
  limit: z.coerce.number().int().min(1).max(500).default(50).describe('Items a page holds at most; default 50'),
  after: z
    .string()
    .regex(/^\d{1,18}$/)
    .exactOptional()
    .describe('`next` of the page before'),
  account: Name.exactOptional().describe('Id or address: only this account’s'),
});

export type Move = z.output<typeof Move>;
