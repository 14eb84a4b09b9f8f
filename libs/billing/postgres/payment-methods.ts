import type { BillingError, PaymentProvider, SavedMethod, SetupSession } from '#billing/api';
import type { Database, Queryable } from '#database';
import { type Clock, err, ok, present, type Result } from '#stdx';

export interface KeptMethod extends SavedMethod {
  readonly isDefault: boolean;
  readonly addedAt: Date;
}

/** Partners as customers of the payment provider, and the methods they saved there. */
export class PaymentMethods {
  constructor(
    private readonly database: Database,
    private readonly provider: PaymentProvider,
    private readonly clock: Clock,
  ) {}

  /** Opens the way to save a method; the provider announces it when it is saved. */
  async beginSetup(partnerId: string): Promise<SetupSession> {
    return this.provider.beginSetup(await this.customerOf(partnerId));
  }

  list(partnerId: string): Promise<KeptMethod[]> {
    return this.database.asPartner(partnerId, async (client) => {
      const { rows } = await client.query<{
        id: string;
        kind: string;
        label: string;
        is_default: boolean;
        added_at: Date;
      }>('SELECT * FROM payment_method WHERE partner_id = $1 AND detached_at IS NULL ORDER BY added_at, id', [
        partnerId,
      ]);
      return rows.map(({ id, kind, label, is_default, added_at }) => ({
        id,
        kind,
        label,
        isDefault: is_default,
        addedAt: added_at,
      }));
    });
  }

  /** From now on invoices are charged to this one. */
  async makeDefault(partnerId: string, methodId: string): Promise<Result<void, BillingError>> {
    return this.database.transaction(async (client) => {
      await lockAccount(client, partnerId);
      const { rowCount } = await client.query(
        'SELECT FROM payment_method WHERE partner_id = $1 AND id = $2 AND detached_at IS NULL',
        [partnerId, methodId],
      );
      if (rowCount === 0) return err({ code: 'notFound', what: 'paymentMethod' });
      await setDefault(client, partnerId, methodId);
      return ok(undefined);
    });
  }

  /** Forgets one, there first: what is gone there is never charged. */
  async remove(partnerId: string, methodId: string): Promise<Result<void, BillingError>> {
    const known = (await this.list(partnerId)).some(({ id }) => id === methodId);
    if (!known) return err({ code: 'notFound', what: 'paymentMethod' });
    if ((await this.provider.methodOwner(methodId)) !== undefined) await this.provider.detachMethod(methodId);
    await this.detached(methodId);
    return ok(undefined);
  }

  /** Something about a method changed there. Returns the partner when it has gained a method to charge. */
  async follow(methodId: string): Promise<string | undefined> {
    const customerId = await this.provider.methodOwner(methodId);
    if (customerId === undefined) {
      await this.detached(methodId);
      return undefined;
    }
    const [account] = await this.database.query<{ partner_id: string }>(
      'SELECT partner_id FROM payment_account WHERE customer_id = $1',
      [customerId],
    );
    return account && (await this.sync(account.partner_id, customerId)) ? account.partner_id : undefined;
  }

  /** Customers without a method, whose announcement may have been lost. */
  async withoutMethod(limit: number): Promise<{ readonly partnerId: string; readonly customerId: string }[]> {
    const rows = await this.database.query<{ partner_id: string; customer_id: string }>(
      `SELECT partner_id, customer_id FROM payment_account account
       WHERE NOT EXISTS (SELECT FROM payment_method method WHERE method.partner_id = account.partner_id AND is_default)
       ORDER BY created_at LIMIT $1`,
      [limit],
    );
    return rows.map(({ partner_id, customer_id }) => ({ partnerId: partner_id, customerId: customer_id }));
  }

  /** Takes over what the provider has; the first becomes the default. `true` when there is a new one. */
  async sync(partnerId: string, customerId: string): Promise<boolean> {
    const methods = await this.provider.methods(customerId);
    return this.database.transaction(async (client) => {
      await lockAccount(client, partnerId);
      let gained = false;
      for (const { id, kind, label } of methods) {
        const { rows } = await client.query<{ is_new: boolean }>(
          `INSERT INTO payment_method (id, partner_id, kind, label, added_at) VALUES ($1, $2, $3, $4, $5)
           ON CONFLICT (id) DO UPDATE SET label = excluded.label, detached_at = NULL RETURNING xmax = 0 AS is_new`,
          [id, partnerId, kind, label, new Date(this.clock.now())],
        );
        gained ||= rows[0]?.is_new === true;
      }
      const chosen = await client.query('SELECT FROM payment_method WHERE partner_id = $1 AND is_default', [partnerId]);
      if (chosen.rowCount === 0 && methods[0]) await setDefault(client, partnerId, methods[0].id);
      return gained;
    });
  }

  private async detached(methodId: string): Promise<void> {
    await this.database.query(
      'UPDATE payment_method SET is_default = false, detached_at = $2 WHERE id = $1 AND detached_at IS NULL',
      [methodId, new Date(this.clock.now())],
    );
  }

  private async customerOf(partnerId: string): Promise<string> {
    const [known] = await this.database.query<{ customer_id: string }>(
      'SELECT customer_id FROM payment_account WHERE partner_id = $1',
      [partnerId],
    );
    if (known) return known.customer_id;
    const [partner] = await this.database.query<{ name: string; email: string | null }>(
      `SELECT coalesce(legal_name, name) AS name, email FROM partner LEFT JOIN billing_profile ON partner_id = id WHERE id = $1`,
      [partnerId],
    );
    const customerId = await this.provider.customer({ partnerId, ...present(partner, 'partner') });
    const [kept] = await this.database.query<{ customer_id: string }>(
      `INSERT INTO payment_account (partner_id, customer_id) VALUES ($1, $2)
       ON CONFLICT (partner_id) DO UPDATE SET customer_id = payment_account.customer_id RETURNING customer_id`,
      [partnerId, customerId],
    );
    return present(kept, 'payment account').customer_id;
  }
}

const lockAccount = (client: Queryable, partnerId: string): Promise<unknown> =>
  client.query('SELECT FROM payment_account WHERE partner_id = $1 FOR UPDATE', [partnerId]);

async function setDefault(client: Queryable, partnerId: string, methodId: string): Promise<void> {
  await client.query('UPDATE payment_method SET is_default = false WHERE partner_id = $1 AND is_default', [partnerId]);
  await client.query('UPDATE payment_method SET is_default = true WHERE id = $1', [methodId]);
}
