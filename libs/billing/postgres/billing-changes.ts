import type { Database, Queryable } from '#database';

export type Changed = 'subscription' | 'commitment' | 'coupon' | 'taxTreatment' | 'taxRate';

/** One change of what is agreed; `before` is null where there was nothing, `after` where nothing is left. */
export interface BillingChange {
  readonly what: Changed;
  readonly actor: string;
  readonly before: object | null;
  readonly after: object | null;
}

/** Written in the transaction of the change. `partnerId`: null for what is everybody's. */
export async function recordChange(
  client: Queryable,
  partnerId: string | null,
  at: number,
  { what, actor, before, after }: BillingChange,
): Promise<void> {
  await client.query(
    'INSERT INTO billing_change (partner_id, what, actor, before, after, changed_at) VALUES ($1, $2, $3, $4, $5, $6)',
    [partnerId, what, actor, before && JSON.stringify(before), after && JSON.stringify(after), new Date(at)],
  );
}

/** Who changed what of the terms, the newest first. */
export class BillingChanges {
  constructor(private readonly database: Database) {}

  /** A partner's, or with null those of what is everybody's; `beforeId`: older ones only. */
  list(
    partnerId: string | null,
    limit: number,
    beforeId?: string,
  ): Promise<(BillingChange & { readonly id: string; readonly changedAt: Date })[]> {
    return this.database.query(
      `SELECT id::text, what, actor, before, after, changed_at AS "changedAt" FROM billing_change
       WHERE partner_id IS NOT DISTINCT FROM $1 AND ($2::bigint IS NULL OR id < $2) ORDER BY billing_change.id DESC LIMIT $3`,
      [partnerId, beforeId ?? null, limit],
    );
  }
}
