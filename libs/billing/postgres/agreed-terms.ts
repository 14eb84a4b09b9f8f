import { type BillingAccount, taxTreatment } from '#billing/api';
import { decimal, type Ratio, type TaxTreatment } from '#billing/rating';
import type { Database } from '#database';

interface Dated {
  readonly started: Date;
  readonly ended: Date | null;
}

/** Commitments, coupons and tax of a partner as they stand now; rates of a date (`YYYY-MM-DD`), today's without. Several coupons apply in the order they were given. */
export async function agreedTerms(
  database: Database,
  partnerId: string,
  taxed?: string,
): Promise<Pick<BillingAccount, 'commitments' | 'coupons'> & { readonly treatment: () => TaxTreatment }> {
  const commitments = await database.query<Dated & { amount: string }>(
    'SELECT amount, started, ended FROM commitment WHERE partner_id = $1 ORDER BY started, id',
    [partnerId],
  );
  const coupons = await database.query<
    Dated & { id: string; description: string; percent: string | null; minor: string | null }
  >(
    'SELECT id, description, percent, minor, started, ended FROM coupon WHERE partner_id = $1 ORDER BY created_at, id',
    [partnerId],
  );
  return {
    commitments: commitments.map(({ amount, ...dates }) => ({ amount: decimal(amount), ...span(dates) })),
    coupons: coupons.map(({ id, description, percent, minor, ...dates }) => ({
      id,
      description,
      ...(percent === null
        ? { off: 'amount' as const, minor: BigInt(minor ?? '0') }
        : { off: 'percent' as const, percent: decimal(percent) }),
      ...span(dates),
    })),
    treatment: await taxOf(database, partnerId, taxed),
  };
}

const span = ({ started, ended }: Dated) => ({ from: started.getTime(), to: ended?.getTime() ?? null });

async function taxOf(database: Database, partnerId: string, taxed: string | undefined): Promise<() => TaxTreatment> {
  const [parties] = await database.query<{
    seller: string | null;
    customer: string | null;
    vat_id: string | null;
    tax_override: 'reverseCharge' | 'exempt' | null;
    tax_reason: string | null;
  }>(
    `SELECT billing_seller.country AS seller, profile.country AS customer, profile.vat_id, tax_override, tax_reason
     FROM billing_seller LEFT JOIN billing_profile profile ON profile.partner_id = $1`,
    [partnerId],
  );
  const rates = await database.query<{ country: string; tax_class: string; percent: string }>(
    `SELECT DISTINCT ON (country, tax_class) country, tax_class, percent FROM tax_rate
     WHERE country IN ($1, $2) AND (partner_id IS NULL OR partner_id = $3) AND started <= coalesce($4::date, now()::date)
     ORDER BY country, tax_class, started DESC`,
    [parties?.seller ?? null, parties?.customer ?? null, partnerId, taxed ?? null],
  );
  const byCountry = new Map<string, Map<string, Ratio>>();
  for (const { country, tax_class, percent } of rates)
    byCountry.set(country, (byCountry.get(country) ?? new Map()).set(tax_class, decimal(percent)));
  return () =>
    taxTreatment({
      sellerCountry: parties?.seller ?? null,
      customerCountry: parties?.customer ?? null,
      customerVatId: parties?.vat_id ?? null,
      override: parties?.tax_override ?? null,
      overrideReason: parties?.tax_reason ?? null,
      rates: (country) => byCountry.get(country),
    });
}
