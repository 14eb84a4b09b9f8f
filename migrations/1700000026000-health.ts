import type { MigrationInterface, QueryRunner } from 'typeorm';

/** How volumes' storage and hubs' public certificates are, as their owners say, and how urgent an alert is. */
export class Health1700000026000 implements MigrationInterface {
  async up(q: QueryRunner): Promise<void> {
    await q.query(`
      ALTER TABLE volume
        ADD COLUMN writable boolean NOT NULL DEFAULT true,
        ADD COLUMN trouble text CHECK (trouble IN ('readOnly', 'full')),
        ADD COLUMN disk_bytes bigint,
        ADD COLUMN disk_free_bytes bigint`);
    await q.query('ALTER TABLE hub ADD COLUMN tls_not_after timestamptz');
    await q.query(`
      ALTER TABLE cluster
        ADD COLUMN volume_warn_percent integer NOT NULL DEFAULT 90 CHECK (volume_warn_percent BETWEEN 1 AND 100),
        ADD COLUMN volume_full_percent integer NOT NULL DEFAULT 97 CHECK (volume_full_percent BETWEEN 1 AND 100)`);
    // A higher grade of what stands is told at once.
    for (const table of ['alert', 'alert_told'])
      await q.query(`ALTER TABLE ${table} ADD COLUMN grade smallint NOT NULL DEFAULT 0`);
  }

  async down(): Promise<void> {
    throw new Error('The timeline only goes forward.');
  }
}
