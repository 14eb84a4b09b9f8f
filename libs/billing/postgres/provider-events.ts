import { type PaymentProvider, PaymentRefusedError } from '#billing/api';
import type { Database } from '#database';
import type { Clock } from '#stdx';
import type { InvoiceCollection } from './collection.ts';
import type { PaymentMethods } from './payment-methods.ts';
import type { Refunds } from './refunds.ts';
import { retryDelayMs } from './retry.ts';

export interface ProviderNotice {
  readonly id: string;
  readonly type: string;
  readonly objectId: string;
}

/** What the provider announces: kept once, answered at once, acted upon later by asking how the object stands now. */
export class ProviderEvents {
  constructor(
    private readonly database: Database,
    private readonly clock: Clock,
  ) {}

  /** `false` when it was announced before. */
  async keep({ id, type, objectId }: ProviderNotice): Promise<boolean> {
    const rows = await this.database.query(
      `INSERT INTO stripe_event (id, type, object_id, received_at, next_try_at) VALUES ($1, $2, $3, $4, $4)
       ON CONFLICT (id) DO NOTHING RETURNING id`,
      [id, type, objectId, new Date(this.clock.now())],
    );
    return rows.length > 0;
  }

  async due(limit: number): Promise<ProviderNotice[]> {
    const rows = await this.database.query<{ id: string; type: string; object_id: string }>(
      `SELECT id, type, object_id FROM stripe_event WHERE handled_at IS NULL AND next_try_at <= $1 ORDER BY received_at, id LIMIT $2`,
      [new Date(this.clock.now()), limit],
    );
    return rows.map(({ id, type, object_id }) => ({ id, type, objectId: object_id }));
  }

  /** Done; `note` says why nothing was to be done. */
  async handled(id: string, note: string | null): Promise<void> {
    await this.database.query(
      `UPDATE stripe_event SET handled_at = $2, failure = $3, attempts = attempts + 1 WHERE id = $1 AND handled_at IS NULL`,
      [id, new Date(this.clock.now()), note],
    );
  }

  /** Not done: tried again later and later, at most an hour apart, until it is. */
  async failed(id: string, reason: string): Promise<void> {
    const [row] = await this.database.query<{ attempts: number }>('SELECT attempts FROM stripe_event WHERE id = $1', [
      id,
    ]);
    await this.database.query(
      `UPDATE stripe_event SET attempts = attempts + 1, failure = $2, next_try_at = $3 WHERE id = $1 AND handled_at IS NULL`,
      [id, reason.slice(0, 500), new Date(this.clock.now() + retryDelayMs(row?.attempts ?? 0))],
    );
  }
}

/** Acts on announcements. Their order and number do not matter: each only says where to look. */
export class ProviderFollower {
  constructor(
    private readonly events: ProviderEvents,
    private readonly provider: PaymentProvider,
    private readonly collection: InvoiceCollection,
    private readonly methods: PaymentMethods,
    private readonly refunds: Refunds,
  ) {}

  /** Returns how many were acted upon; each failure is kept with its event. */
  async run(limit: number): Promise<number> {
    const due = await this.events.due(limit);
    for (const notice of due) await this.handle(notice);
    return due.length;
  }

  private async handle(notice: ProviderNotice): Promise<void> {
    try {
      await this.act(notice);
      await this.events.handled(notice.id, null);
    } catch (error) {
      if (error instanceof PaymentRefusedError) await this.events.handled(notice.id, error.message);
      else await this.events.failed(notice.id, (error as Error).message);
    }
  }

  private async act({ id, type, objectId }: ProviderNotice): Promise<void> {
    if (type.startsWith('payment_intent.')) await this.collection.settle(await this.provider.lookUp(objectId));
    else if (type.startsWith('refund.') || type === 'charge.refund.updated')
      await this.refunds.settle(await this.provider.lookUpRefund(objectId));
    else if (type.startsWith('payment_method.')) {
      const partnerId = await this.methods.follow(objectId);
      if (partnerId !== undefined) await this.collection.collectOpen(partnerId, `method~${objectId}`);
    } else throw new PaymentRefusedError('unheeded', `${type} (${id}) changes nothing here`);
  }
}
