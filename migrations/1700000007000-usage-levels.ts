import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * The last sample of each gauge before an instant, found by stepping from subject to subject through the index instead of
 * reading a partner's whole history: samples come every minute for years.
 */
export class UsageLevels1700000007000 implements MigrationInterface {
  async up(q: QueryRunner): Promise<void> {
    await q.query(`
      -- Events numbered up to "cutoff", not voided up to it. Row-level security is the caller's.
      CREATE FUNCTION rookery_levels_before(partner uuid, before timestamptz, cutoff bigint, gauge text)
      RETURNS TABLE (meter text, subject text, quantity numeric, seq bigint, at timestamptz) LANGUAGE sql STABLE AS $$
        WITH RECURSIVE found AS (
          (SELECT event.subject FROM usage_event event
           WHERE event.partner_id = partner AND event.meter = gauge AND event.kind = 'gauge'
           ORDER BY event.subject LIMIT 1)
          UNION ALL
          SELECT following.subject FROM found, LATERAL (
            SELECT event.subject FROM usage_event event
            WHERE event.partner_id = partner AND event.meter = gauge AND event.kind = 'gauge' AND event.subject > found.subject
            ORDER BY event.subject LIMIT 1) following
        )
        SELECT gauge, found.subject, level.quantity, level.seq, level.at FROM found, LATERAL (
          SELECT event.quantity, event.seq, event.at FROM usage_event event
          WHERE event.partner_id = partner AND event.meter = gauge AND event.subject = found.subject AND event.kind = 'gauge'
            AND event.at < before AND event.seq <= cutoff
            AND NOT EXISTS (SELECT FROM usage_void void WHERE void.partner_id = partner AND void.event_seq = event.seq AND void.seq <= cutoff)
          ORDER BY event.at DESC, event.seq DESC LIMIT 1) level
      $$`);
    await q.query('GRANT EXECUTE ON FUNCTION rookery_levels_before TO rookery_system, rookery_tenant');
  }

  async down(): Promise<void> {
    throw new Error('The timeline only goes forward.');
  }
}
