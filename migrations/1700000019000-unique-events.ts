import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Events of unique meters are looked for by their hour: whoever has none reads none, and whoever has some reads no others. */
export class UniqueEvents1700000019000 implements MigrationInterface {
  async up(q: QueryRunner): Promise<void> {
    await q.query(`CREATE INDEX usage_event_unique ON usage_event (partner_id, meter, at) WHERE kind = 'unique'`);
  }

  async down(): Promise<void> {
    throw new Error('The timeline only goes forward.');
  }
}
