import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Volumes' cold storage, and what goes there. Credentials are named here and kept by the nodes. */
export class ColdTier1700000027000 implements MigrationInterface {
  async up(q: QueryRunner): Promise<void> {
    await q.query(`
      ALTER TABLE volume ADD COLUMN cold jsonb
        CHECK (cold IS NULL OR (jsonb_typeof(cold -> 'place') = 'object' AND jsonb_typeof(cold -> 'rules') = 'array'))`);
  }

  async down(): Promise<void> {
    throw new Error('The timeline only goes forward.');
  }
}
