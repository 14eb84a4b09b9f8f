import type { Database, Queryable } from '#database';
import { err, ok, present, type Result } from '#stdx';

/** Whom invoices are made out to and how they are handled. */
export interface BillingProfile {
  readonly legalName: string | null;
  readonly address: readonly string[];
  readonly country: string | null;
  readonly vatId: string | null;
  readonly email: string | null;
  readonly approval: boolean;
  readonly electronicFormat: 'cii' | 'ubl' | 'xrechnung';
  readonly buyerReference: string | null;
  readonly graceHours: number;
  readonly paymentDays: number;
  readonly reminded: boolean;
  readonly suspendable: boolean;
  readonly disputePauses: boolean;
}

const COLUMN: Readonly<Record<keyof BillingProfile, string>> = {
  legalName: 'legal_name',
  address: 'address',
  country: 'country',
  vatId: 'vat_id',
  email: 'email',
  approval: 'approval',
  electronicFormat: 'electronic_format',
  buyerReference: 'buyer_reference',
  graceHours: 'grace_hours',
  paymentDays: 'payment_days',
  reminded: 'reminded',
  suspendable: 'suspendable',
  disputePauses: 'dispute_pauses',
};
const FIELDS = Object.keys(COLUMN) as (keyof BillingProfile)[];

export type BillingProfileChange = { readonly [Field in keyof BillingProfile]?: BillingProfile[Field] | undefined };

/** Each partner has one; until something is said, the defaults. */
export class BillingProfiles {
  constructor(private readonly database: Database) {}

  show(partnerId: string): Promise<BillingProfile & { readonly version: number }> {
    return this.database.transaction((client) => read(client, partnerId));
  }

  /** `version`: the one the change is made to; any without. */
  update(
    partnerId: string,
    version: number | undefined,
    change: BillingProfileChange,
  ): Promise<Result<BillingProfile & { readonly version: number }, { readonly code: 'stale' }>> {
    const fields = FIELDS.filter((field) => change[field] !== undefined);
    return this.database.transaction(async (client) => {
      const now = await read(client, partnerId);
      if (version !== undefined && version !== now.version) return err({ code: 'stale' });
      if (fields.length > 0)
        await client.query(
          `UPDATE billing_profile SET version = version + 1, ${fields.map((field, index) => `${COLUMN[field]} = $${index + 2}`).join(', ')}
           WHERE partner_id = $1`,
          [partnerId, ...fields.map((field) => change[field])],
        );
      return ok(await read(client, partnerId));
    });
  }
}

/** The row, made with its defaults when there is none, and locked. */
async function read(client: Queryable, partnerId: string): Promise<BillingProfile & { readonly version: number }> {
  await client.query('INSERT INTO billing_profile (partner_id) VALUES ($1) ON CONFLICT DO NOTHING', [partnerId]);
  const columns = FIELDS.map((field) => `${COLUMN[field]} AS "${field}"`).join(', ');
  const { rows } = await client.query<BillingProfile & { version: number }>(
    `SELECT ${columns}, version FROM billing_profile WHERE partner_id = $1 FOR UPDATE`,
    [partnerId],
  );
  return present(rows[0], 'billing profile');
}
