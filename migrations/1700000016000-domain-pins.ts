import type { MigrationInterface, QueryRunner } from 'typeorm';

/** The volumes an operator wants a domain's accounts on, whatever their class. */
export class DomainPins1700000016000 implements MigrationInterface {
  async up(q: QueryRunner): Promise<void> {
    await q.query(`
      CREATE TABLE domain_volume (
        domain_id uuid NOT NULL REFERENCES domain(id) ON DELETE CASCADE,
        volume_id uuid NOT NULL REFERENCES volume(id) ON DELETE CASCADE,
        partner_id uuid NOT NULL REFERENCES partner(id),
        PRIMARY KEY (domain_id, volume_id)
      )`);
    await q.query(`SELECT rookery_protect('domain_volume', '')`);
  }

  async down(): Promise<void> {
    throw new Error('The timeline only goes forward.');
  }
}
