import { X509Certificate } from 'node:crypto';
import type { Database } from '#database';

/** Serials of certificates that count no more though their time is not over. */
export async function revokedSerials(database: Database, clusterId: string): Promise<readonly string[]> {
  const rows = await database.query<{ serial: string }>(
    'SELECT serial FROM member_certificate WHERE cluster_id = $1 AND revoked_at IS NOT NULL AND not_after > clock_timestamp()',
    [clusterId],
  );
  return rows.map(({ serial }) => serial);
}

/** Each member's newest certificate, and the authority's, with when it was issued. `member` is `null` for the authority. */
export async function certificateEnds(
  database: Database,
  clusterId: string,
): Promise<readonly { readonly member: string | null; readonly issuedAt: Date; readonly notAfter: Date }[]> {
  const members = await database.query<{ member: string; issuedAt: Date; notAfter: Date }>(
    `SELECT * FROM (
       SELECT DISTINCT ON (member_id) member_name AS member, issued_at AS "issuedAt", not_after AS "notAfter", revoked_at
       FROM member_certificate WHERE cluster_id = $1 ORDER BY member_id, issued_at DESC
     ) newest WHERE revoked_at IS NULL`,
    [clusterId],
  );
  const [authority] = await database.query<{ certificate: string }>(
    'SELECT certificate FROM cluster_authority WHERE cluster_id = $1',
    [clusterId],
  );
  if (!authority) return members;
  const { validFromDate: issuedAt, validToDate: notAfter } = new X509Certificate(authority.certificate);
  return [...members, { member: null, issuedAt, notAfter }];
}

/**
 * Says once in the event log of each cluster whose members' certificates end within `withinMs`, and once which have ended:
 * renewal does not work there. A member's last certificate is what counts.
 */
export async function alertOnExpiry(database: Database, withinMs: number): Promise<number> {
  const rows = await database.query<{ serial: string }>(
    `WITH newest AS (
       SELECT DISTINCT ON (cluster_id, member_id) serial, revoked_at, alerted,
         CASE WHEN not_after <= clock_timestamp() THEN 'expired'
              WHEN not_after <= clock_timestamp() + $1 * interval '1 ms' THEN 'expiring' END AS now
       FROM member_certificate ORDER BY cluster_id, member_id, issued_at DESC
     ), alerting AS (
       UPDATE member_certificate SET alerted = newest.now FROM newest
       WHERE member_certificate.serial = newest.serial AND newest.revoked_at IS NULL
         AND newest.now IS NOT NULL AND newest.now IS DISTINCT FROM newest.alerted
       RETURNING member_certificate.*
     )
     INSERT INTO cluster_event (cluster_id, partner_id, kind, subject, detail)
     SELECT cluster_id, partner_id, CASE alerted WHEN 'expired' THEN 'certificateExpired' ELSE 'certificateExpiring' END,
       member_id::text, jsonb_build_object('name', member_name, 'role', role, 'notAfter', not_after)
     FROM alerting RETURNING id`,
    [withinMs],
  );
  return rows.length;
}
