import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What electronic invoices say about the seller besides name and address: whom to ask, where to pay. */
export class SellerContact1700000014000 implements MigrationInterface {
  async up(q: QueryRunner): Promise<void> {
    await q.query(`
      ALTER TABLE billing_seller
        ADD COLUMN contact_name text,
        ADD COLUMN phone text,
        ADD COLUMN email text,
        ADD COLUMN iban text CHECK (iban ~ '^[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}$'),
        ADD COLUMN version integer NOT NULL DEFAULT 1`);
  }

  async down(): Promise<void> {
    throw new Error('The timeline only goes forward.');
  }
}
