import type { Database, Queryable } from '#database';
import { err, ok, present, type Result } from '#stdx';

/** Who sells: what invoices say about us. */
export interface SellerProfile {
  readonly name: string;
  readonly address: readonly string[];
  readonly country: string | null;
  readonly vatId: string | null;
  readonly numberPrefix: string;
  readonly contactName: string | null;
  readonly phone: string | null;
  readonly email: string | null;
  readonly iban: string | null;
}

const COLUMN: Readonly<Record<keyof SellerProfile, string>> = {
  name: 'name',
  address: 'address',
  country: 'country',
  vatId: 'vat_id',
  numberPrefix: 'number_prefix',
  contactName: 'contact_name',
  phone: 'phone',
  email: 'email',
  iban: 'iban',
};
const FIELDS = Object.keys(COLUMN) as (keyof SellerProfile)[];

export type SellerChange = { readonly [Field in keyof SellerProfile]?: SellerProfile[Field] | undefined };

/** The one row of who sells. Invoices already final keep what they said. */
export class Seller {
  constructor(private readonly database: Database) {}

  show(): Promise<SellerProfile & { readonly version: number }> {
    return this.database.transaction(read);
  }

  /** `version`: the one the change is made to; any without. */
  update(
    version: number | undefined,
    change: SellerChange,
  ): Promise<Result<SellerProfile & { readonly version: number }, { readonly code: 'stale' }>> {
    const fields = FIELDS.filter((field) => change[field] !== undefined);
    return this.database.transaction(async (client) => {
      const now = await read(client);
      if (version !== undefined && version !== now.version) return err({ code: 'stale' });
      if (fields.length > 0)
        await client.query(
          `UPDATE billing_seller SET version = version + 1, ${fields.map((field, index) => `${COLUMN[field]} = $${index + 1}`).join(', ')}`,
          fields.map((field) => change[field]),
        );
      return ok(await read(client));
    });
  }
}

async function read(client: Queryable): Promise<SellerProfile & { readonly version: number }> {
  const columns = FIELDS.map((field) => `${COLUMN[field]} AS "${field}"`).join(', ');
  const { rows } = await client.query<SellerProfile & { version: number }>(
    `SELECT ${columns}, version FROM billing_seller FOR UPDATE`,
  );
  return present(rows[0], 'the seller');
}
