import type { Database, Queryable } from '#database';
import { type Clock, err, ok, present, type Result } from '#stdx';
import type { AddOnMeter, Aggregation, NewAddOnMeter, SubjectKind } from './meter.ts';
import { COUNTER_METERS, GAUGE_METERS, INTERVAL_METERS } from './usage-event.ts';

/** Meters one partner may have, archived ones included, and the operator as many. Lago and OpenMeter's customers have tens. */
const METERS_MAX = 200;
const BUILT_IN: readonly string[] = [...COUNTER_METERS, ...INTERVAL_METERS, ...GAUGE_METERS];

/** The add-on meters there are. A code means one thing to a partner for ever: it is never given out again. */
export class Meters {
  constructor(
    private readonly database: Database,
    private readonly clock: Pick<Clock, 'now'>,
  ) {}

  async create(meter: NewAddOnMeter): Promise<Result<AddOnMeter, 'taken' | 'tooMany'>> {
    const { partnerId, code, name, unit, aggregation, subjects, silentHours } = meter;
    if (BUILT_IN.includes(code)) return err('taken');
    return this.database.transaction(async (client) => {
      // The operator's and the partners' codes are told apart by nothing: they are given out one at a time.
      await client.query("SELECT pg_advisory_xact_lock(hashtext('meter codes'))");
      const { rows } = await client.query<{ taken: boolean; own: number }>(
        `SELECT coalesce(bool_or(code = $2 AND ($1::uuid IS NULL OR partner_id IS NULL OR partner_id = $1)), false) AS taken,
           count(*) FILTER (WHERE partner_id IS NOT DISTINCT FROM $1)::int AS own FROM meter`,
        [partnerId, code],
      );
      const known = present(rows[0], 'count of meters');
      if (known.taken) return err('taken');
      if (known.own >= METERS_MAX) return err('tooMany');
      const made = await client.query<MeterRow>(
        `INSERT INTO meter (partner_id, code, name, unit, aggregation, subjects, silent_hours, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8) RETURNING *`,
        [partnerId, code, name, unit, aggregation, subjects, silentHours, new Date(this.clock.now())],
      );
      return ok(meterOf(present(made.rows[0], 'meter')));
    });
  }

  /** A partner's own and the operator's, by code; without a partner the operator's alone. */
  async list(partnerId: string | null): Promise<readonly AddOnMeter[]> {
    return metersOf(this.database.pool, partnerId);
  }

  /** It takes no more events. `false` when it is not the partner's (`null`: not the operator's). */
  async archive(partnerId: string | null, code: string): Promise<AddOnMeter | undefined> {
    const [row] = await this.database.query<MeterRow & Record<string, unknown>>(
      `UPDATE meter SET archived_at = coalesce(archived_at, $3) WHERE partner_id IS NOT DISTINCT FROM $1 AND code = $2 RETURNING *`,
      [partnerId, code, new Date(this.clock.now())],
    );
    return row && meterOf(row);
  }
}

interface MeterRow {
  readonly id: string;
  readonly partner_id: string | null;
  readonly code: string;
  readonly name: string;
  readonly unit: string;
  readonly aggregation: Aggregation;
  readonly subjects: SubjectKind;
  readonly silent_hours: number | null;
  readonly created_at: Date;
  readonly archived_at: Date | null;
}

const meterOf = (row: MeterRow): AddOnMeter => ({
  id: row.id,
  partnerId: row.partner_id,
  code: row.code,
  name: row.name,
  unit: row.unit,
  aggregation: row.aggregation,
  subjects: row.subjects,
  silentHours: row.silent_hours,
  createdAt: row.created_at,
  archivedAt: row.archived_at,
});

/** The add-on meters a partner's events and prices may name, by code. */
export async function metersOf(client: Queryable, partnerId: string | null): Promise<readonly AddOnMeter[]> {
  const { rows } = await client.query<MeterRow>(
    'SELECT * FROM meter WHERE partner_id IS NULL OR partner_id = $1 ORDER BY code',
    [partnerId],
  );
  return rows.map(meterOf);
}
