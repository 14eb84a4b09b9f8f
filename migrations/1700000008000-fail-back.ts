import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Whether volumes go back to their preferred nodes by themselves, and after how long. Hubs read it with everything else. */
export class FailBack1700000008000 implements MigrationInterface {
  async up(q: QueryRunner): Promise<void> {
    await q.query(`
      ALTER TABLE cluster
        ADD COLUMN fail_back text NOT NULL DEFAULT 'manual' CHECK (fail_back IN ('auto', 'manual')),
        ADD COLUMN fail_back_after_ms integer NOT NULL DEFAULT 60000 CHECK (fail_back_after_ms >= 0)`);
  }

  async down(): Promise<void> {
    throw new Error('The timeline only goes forward.');
  }
}
