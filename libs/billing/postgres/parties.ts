import type { KeptWithInvoice, LegalParty } from '#billing/invoice';
import type { Queryable } from '#database';
import { present } from '#stdx';

/** Who sells and who buys, as they are now. */
export async function partiesOf(
  client: Queryable,
  partnerId: string,
): Promise<{
  seller: LegalParty;
  customer: LegalParty;
  prefix: string;
  paymentDays: number;
  electronic: NonNullable<KeptWithInvoice['electronic']>;
}> {
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
    email: string | null;
    electronic_format: 'cii' | 'ubl' | 'xrechnung' | null;
    buyer_reference: string | null;
    contact_name: string | null;
    phone: string | null;
    seller_email: string | null;
    iban: string | null;
  }>(
    `SELECT seller.name AS seller, seller.address AS seller_address, seller.country AS seller_country, seller.vat_id AS seller_vat_id,
       number_prefix AS prefix, coalesce(profile.legal_name, partner.name) AS customer, profile.address, profile.country, profile.vat_id, payment_days,
       profile.email, electronic_format, buyer_reference, contact_name, phone, seller.email AS seller_email, iban
     FROM billing_seller seller CROSS JOIN partner LEFT JOIN billing_profile profile ON profile.partner_id = partner.id
     WHERE partner.id = $1`,
    [partnerId],
  );
  const row = present(rows[0], 'seller and partner');
  return {
    seller: {
      name: row.seller,
      address: row.seller_address,
      country: row.seller_country,
      vatId: row.seller_vat_id,
      email: row.seller_email,
      iban: row.iban,
      ...(row.contact_name && row.phone && row.seller_email
        ? { contact: { name: row.contact_name, phone: row.phone, email: row.seller_email } }
        : {}),
    },
    customer: {
      name: row.customer,
      address: row.address ?? [],
      country: row.country,
      vatId: row.vat_id,
      email: row.email,
    },
    electronic: { format: row.electronic_format ?? 'cii', buyerReference: row.buyer_reference },
    prefix: row.prefix,
    paymentDays: row.payment_days ?? 14,
  };
}
