import type { ClusterEventKind, Endpoint } from '#cluster/api';
import type { Database, Queryable } from '#database';
import type { Clock, Random } from '#stdx';
import { type Authority, issueCertificate, type MemberIdentity } from '#trust';
import { joinSecretHash } from './join-tokens.ts';
import { addNode } from './members.ts';

export interface Joining {
  readonly secret: string;
  readonly role: 'hub' | 'node';
  /** Unless the token names the member. */
  readonly name: string;
  readonly request: string;
  /** A node's. */
  readonly control?: Endpoint;
  readonly data?: Endpoint;
}

export interface Joined {
  readonly memberId: string;
  readonly name: string;
  readonly certificate: string;
  /** Signs hand-overs: never show it. */
  readonly key: Buffer;
}

/** For the newcomer: why it may not. */
export class JoinRefusedError extends Error {
  override readonly name = 'JoinRefusedError';
}

export interface Issuing {
  readonly authority: Authority;
  readonly lifeMs: number;
  readonly clock: Pick<Clock, 'now'>;
  readonly random: Random;
}

interface TokenRow {
  readonly id: string;
  readonly role: 'hub' | 'node';
  readonly member_name: string | null;
}

/**
 * Uses the token up and makes its bearer a member, or does neither. A member that joins again under a token that names it
 * keeps its id and loses its former certificates. Throws `JoinRefusedError`, `CertificateRequestError`.
 */
export function joinMember(database: Database, clusterId: string, joining: Joining, issuing: Issuing): Promise<Joined> {
  return database.transaction(async (client) => {
    const token = await useToken(client, clusterId, joining);
    const name = token.member_name ?? joining.name;
    const memberId = await placeOf(client, clusterId, joining, name, token.member_name !== null, issuing.random);
    const identity: MemberIdentity = { clusterId, role: joining.role, memberId };
    await client.query(
      'UPDATE member_certificate SET revoked_at = clock_timestamp() WHERE cluster_id = $1 AND member_id = $2 AND revoked_at IS NULL',
      [clusterId, memberId],
    );
    const certificate = await certify(client, identity, name, joining.request, issuing);
    await client.query('UPDATE join_token SET used_by = $2 WHERE id = $1', [token.id, memberId]);
    await recordTrust(client, clusterId, 'memberJoined', memberId, { name, role: joining.role, token: token.id });
    const { rows } = await client.query<{ key: Buffer }>('SELECT key FROM cluster WHERE id = $1', [clusterId]);
    return { memberId, name, certificate, key: rows[0]!.key };
  });
}

/** The same member with a new certificate. Throws `JoinRefusedError` when the one it showed is revoked or the member gone. */
export function renewMember(
  database: Database,
  identity: MemberIdentity & { readonly serial: string },
  request: string,
  issuing: Issuing,
): Promise<string> {
  const { clusterId, memberId, serial } = identity;
  return database.transaction(async (client) => {
    const { rows } = await client.query<{ member_name: string }>(
      `SELECT member_name FROM member_certificate
       WHERE serial = $1 AND cluster_id = $2 AND member_id = $3 AND revoked_at IS NULL FOR SHARE`,
      [serial, clusterId, memberId],
    );
    if (!rows[0]) throw new JoinRefusedError('the certificate is revoked or unknown');
    const certificate = await certify(client, identity, rows[0].member_name, request, issuing);
    await recordTrust(client, clusterId, 'certificateRenewed', memberId, { name: rows[0].member_name });
    return certificate;
  });
}

/** Whoever comes second waits for the first, and finds the token used. */
async function useToken(client: Queryable, clusterId: string, { secret, role }: Joining): Promise<TokenRow> {
  const { rows } = await client.query<TokenRow>(
    `UPDATE join_token SET used_at = clock_timestamp()
     WHERE cluster_id = $1 AND secret_hash = $2 AND used_at IS NULL AND expires_at > clock_timestamp()
     RETURNING id, role, member_name`,
    [clusterId, joinSecretHash(secret)],
  );
  const [token] = rows;
  if (!token) throw new JoinRefusedError('the token is unknown, used or expired');
  if (token.role !== role) throw new JoinRefusedError(`the token is for a ${token.role}`);
  return token;
}

/** The id under which the newcomer is a member from now on. */
async function placeOf(
  client: Queryable,
  clusterId: string,
  { role, control, data }: Joining,
  name: string,
  named: boolean,
  random: Random,
): Promise<string> {
  const { rows } = await client.query<{ id: string; weight?: number; eligible?: boolean }>(
    `SELECT * FROM ${role} WHERE cluster_id = $1 AND name = $2`,
    [clusterId, name],
  );
  const [present] = rows;
  // A token for anybody must not be good for somebody else's place.
  if (present && !named)
    throw new JoinRefusedError(`there is a ${role} ${name}: its place needs a token with its name`);
  if (role === 'hub') return present?.id ?? random.uuid();
  if (!control || !data) throw new JoinRefusedError('a node says where its control and data ports are');
  const { weight = 1, eligible = true } = present ?? {};
  return (await addNode(client, clusterId, { name, control, data, weight, eligible })).id;
}

async function certify(
  client: Queryable,
  identity: MemberIdentity,
  name: string,
  request: string,
  { authority, lifeMs, clock, random }: Issuing,
): Promise<string> {
  const { certificate, serial, notAfter } = await issueCertificate(authority, request, identity, lifeMs, clock, random);
  await client.query(
    `INSERT INTO member_certificate (serial, cluster_id, partner_id, member_id, member_name, role, not_after)
     SELECT $2, id, partner_id, $3, $4, $5, $6 FROM cluster WHERE id = $1`,
    [identity.clusterId, serial, identity.memberId, name, identity.role, notAfter],
  );
  return certificate;
}

async function recordTrust(
  client: Queryable,
  clusterId: string,
  kind: ClusterEventKind,
  subject: string,
  detail: Readonly<Record<string, unknown>>,
): Promise<void> {
  await client.query(
    `INSERT INTO cluster_event (cluster_id, partner_id, kind, subject, detail)
     SELECT id, partner_id, $2, $3, $4 FROM cluster WHERE id = $1`,
    [clusterId, kind, subject, JSON.stringify(detail)],
  );
}
