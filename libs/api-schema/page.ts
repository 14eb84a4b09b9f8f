import { z } from 'zod';

/** Names are given in lower case by those who make them; a slug, a domain or an id. */
export const Name = z.string().min(1).max(320);

/** Cursor pagination: `after` is the `next` of the page before. */
export const PageQuery = z.object({
  limit: z.coerce.number().int().min(1).max(500).default(50).describe('Items a page holds at most; default 50'),
  after: z
    .string()
    .regex(/^[A-Za-z0-9_-]{1,800}$/)
    .exactOptional()
    .describe('`next` of the page before'),
});

export const PartnerQuery = z.object({
  partner: Name.exactOptional().describe(
    'Id or slug: only this partner’s (operator keys; other keys see their own anyway)',
  ),
});

/** A page of items; `next` is absent on the last. */
export const pageOf = <Item extends z.ZodType>(item: Item) =>
  z.object({ items: z.array(item), next: z.string().exactOptional() });

export const Instant = z.iso.datetime().describe('RFC 3339, UTC');
/** Terms begin and end with dates. */
export const LocalDate = z
  .union([z.iso.date(), z.iso.datetime({ offset: true })])
  .describe('A date of the partner’s billing zone (2026-04-11), or an instant in it');
export const Version = z.int().describe('Rises with each change; the ETag');
