import type { BillingError } from '#billing/api';
import type { Database, Queryable } from '#database';
import { err, ok, type Random, type Result } from '#stdx';

export interface WebhookEndpoint {
  readonly id: string;
  readonly url: string;
  readonly events: readonly string[];
  readonly enabled: boolean;
  readonly createdAt: Date;
}

export interface WebhookDelivery {
  readonly id: string;
  readonly type: string;
  readonly attempt: number;
  readonly status: number | null;
  readonly failure: string | null;
  readonly durationMs: number;
  readonly at: Date;
}

/** A partner rarely has more than one receiver for each of its systems. */
const ENDPOINTS_MAX = 20;

/** Where partners want to be told. */
export class WebhookEndpoints {
  constructor(
    private readonly database: Database,
    private readonly random: Random,
  ) {}

  /** The secret is shown this once: `whsec_` and 32 bytes as base64, as standardwebhooks.com has it. */
  async create(
    partnerId: string,
    url: string,
    events: readonly string[],
  ): Promise<Result<WebhookEndpoint & { readonly secret: string }, BillingError>> {
    const secret = this.random.bytes(32);
    return this.database.transaction(async (client) => {
      await client.query('SELECT FROM partner WHERE id = $1 FOR UPDATE', [partnerId]);
      const known = await client.query('SELECT FROM webhook_endpoint WHERE partner_id = $1', [partnerId]);
      if ((known.rowCount ?? 0) >= ENDPOINTS_MAX)
        return err({ code: 'conflict', what: `a partner has at most ${ENDPOINTS_MAX} webhook endpoints` });
      const { rows } = await client.query<EndpointRow>(
        'INSERT INTO webhook_endpoint (partner_id, url, secret, events) VALUES ($1, $2, $3, $4) RETURNING *',
        [partnerId, url, secret, events],
      );
      return ok({ ...view(rows[0]!), secret: `whsec_${secret.toString('base64')}` });
    });
  }

  list(partnerId: string): Promise<WebhookEndpoint[]> {
    return this.database.asPartner(partnerId, async (client) => {
      const { rows } = await client.query<EndpointRow>('SELECT * FROM webhook_endpoint ORDER BY created_at, id');
      return rows.map(view);
    });
  }

  /** Its delivery log goes with it. */
  async delete(partnerId: string, id: string): Promise<Result<void, BillingError>> {
    const gone = await this.database.query(
      'DELETE FROM webhook_endpoint WHERE partner_id = $1 AND id::text = $2 RETURNING id',
      [partnerId, id],
    );
    return gone.length > 0 ? ok(undefined) : err({ code: 'notFound', what: 'webhook' });
  }

  /** What an endpoint was called with and answered, the newest first. */
  async deliveries(
    partnerId: string,
    id: string,
    limit: number,
    after?: string,
  ): Promise<Result<WebhookDelivery[], BillingError>> {
    return this.database.asPartner(partnerId, async (client) => {
      if (!(await isThere(client, id))) return err({ code: 'notFound', what: 'webhook' });
      const { rows } = await client.query<DeliveryRow>(
        `SELECT * FROM webhook_delivery WHERE endpoint_id::text = $1 AND ($2::bigint IS NULL OR id < $2) ORDER BY id DESC LIMIT $3`,
        [id, after ?? null, limit],
      );
      return ok(
        rows.map(({ duration_ms, ...row }) => ({
          id: row.id,
          type: row.type,
          attempt: row.attempt,
          status: row.status,
          failure: row.failure,
          durationMs: duration_ms,
          at: row.at,
        })),
      );
    });
  }
}

interface EndpointRow {
  readonly id: string;
  readonly url: string;
  readonly events: string[];
  readonly enabled: boolean;
  readonly created_at: Date;
}

interface DeliveryRow {
  readonly id: string;
  readonly type: string;
  readonly attempt: number;
  readonly status: number | null;
  readonly failure: string | null;
  readonly duration_ms: number;
  readonly at: Date;
}

const isThere = async (client: Queryable, id: string): Promise<boolean> =>
  (await client.query('SELECT FROM webhook_endpoint WHERE id::text = $1', [id])).rowCount !== 0;

const view = ({ id, url, events, enabled, created_at }: EndpointRow): WebhookEndpoint => ({
  id,
  url,
  events,
  enabled,
  createdAt: created_at,
});
