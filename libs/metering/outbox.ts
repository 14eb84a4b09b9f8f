import type { Queryable } from '#database';
import { USAGE_TOPIC, type UsageEvent } from './usage-event.ts';

/**
 * Writes events to the outbox in the caller's transaction, so that a fact and its event commit together. Billing moves
 * them on from there; the row lives until the event is counted for good.
 */
export async function writeUsage(client: Queryable, events: readonly UsageEvent[]): Promise<void> {
  if (events.length === 0) return;
  await client.query(
    `INSERT INTO outbox (partner_id, topic, payload)
     SELECT (event->>'partnerId')::uuid, $2, event FROM jsonb_array_elements($1::jsonb) event`,
    [JSON.stringify(events), USAGE_TOPIC],
  );
}
