import type { LegalParty } from '#billing/invoice';
import type { Queryable } from '#database';
import { present } from '#stdx';

/** Who sells and who buys, as they are now. */
export async function partiesOf(
  client: Queryable,
  partnerId: string,
): Promise<{ seller: LegalParty; customer: LegalParty; prefix: string; paymentDays: number }> {
  const { rows } = await client.query<{
    seller: string;
    seller_address: string[];
    seller_country: string | null;
    seller_vat_id: string | null;
    prefix: string;
    customer: string;
    address: string[] | null;
    country: string | null;
    vat_id: string | null;
    payment_days: number | null;
  }>(
    `SELECT seller.name AS seller, seller.address AS seller_address, seller.country AS seller_country, seller.vat_id AS seller_vat_id,
       number_prefix AS prefix, coalesce(profile.legal_name, partner.name) AS customer, profile.address, profile.country, profile.vat_id, payment_days
     FROM billing_seller seller CROSS JOIN partner LEFT JOIN billing_profile profile ON profile.partner_id = partner.id
     WHERE partner.id = $1`,
    [partnerId],
  );
  const row = present(rows[0], 'seller and partner');
  return {
    seller: { name: row.seller, address: row.seller_address, country: row.seller_country, vatId: row.seller_vat_id },
    customer: { name: row.customer, address: row.address ?? [], country: row.country, vatId: row.vat_id },
    prefix: row.prefix,
    paymentDays: row.payment_days ?? 14,
  };
}
