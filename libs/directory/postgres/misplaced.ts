import type { Database } from '#database';
import { MAY_LIVE_THERE } from './pins.ts';

/** An account and where it should go. */
export interface PlacedAccount {
  readonly accountId: string;
  readonly email: string;
  readonly fromVolumeId: string;
  readonly toVolumeId: string;
}

const NOT_MOVING = `NOT EXISTS (
  SELECT FROM account_move m WHERE m.account_id = a.id AND m.state NOT IN ('done', 'cancelled', 'failed'))`;

/** Accounts on volumes where their domain's must not live, and the emptiest of those where they may. */
export function misplacedAccounts(
  database: Database,
  clusterId: string,
  limit: number,
): Promise<readonly PlacedAccount[]> {
  return database.query<PlacedAccount>(
    `SELECT a.id AS "accountId", a.email, a.volume_id AS "fromVolumeId", better.id AS "toVolumeId"
     FROM account a
     JOIN volume v ON v.id = a.volume_id AND v.cluster_id = $1
     JOIN domain d ON d.id = a.domain_id AND NOT ${MAY_LIVE_THERE}
     JOIN LATERAL (
       SELECT v.id FROM volume v LEFT JOIN volume_load l ON l.volume_id = v.id
       WHERE v.cluster_id = $1 AND ${MAY_LIVE_THERE}
       ORDER BY coalesce(l.accounts, 0) / v.weight, v.id LIMIT 1) better ON true
     WHERE ${NOT_MOVING} ORDER BY a.email LIMIT $2`,
    [clusterId, limit],
  );
}

/** Accounts that are quickest to move from volume to volume: of those that may live there, the ones that hold least. */
export function lightestAccounts(
  database: Database,
  fromVolumeId: string,
  toVolumeId: string,
  limit: number,
): Promise<readonly PlacedAccount[]> {
  return database.query<PlacedAccount>(
    `SELECT a.id AS "accountId", a.email, a.volume_id AS "fromVolumeId", v.id AS "toVolumeId"
     FROM account a JOIN domain d ON d.id = a.domain_id JOIN volume v ON v.id = $2
     LEFT JOIN account_usage u ON u.account_id = a.id
     WHERE a.volume_id = $1 AND ${MAY_LIVE_THERE} AND ${NOT_MOVING}
     ORDER BY coalesce(u.used_bytes, 0), a.email LIMIT $3`,
    [fromVolumeId, toVolumeId, limit],
  );
}
