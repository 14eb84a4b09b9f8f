import type { InputOf, JoinToken, ROUTES, JoinTokenRecord as TokenView } from '#api-schema';
import { createJoinToken, deleteJoinToken, type JoinTokenRecord, listJoinTokens } from '#cluster/postgres';
import type { Database } from '#database';
import { err, ok } from '#stdx';
import { encodeJoinToken, fingerprintOf } from '#trust';
import type { Clusters } from '../clusters/clusters.ts';
import type { Ground } from '../ground.ts';
import type { Reply } from '../http/refusal.ts';
import type { Asking } from '../http/request.ts';
import type { Spend } from '../spend/spend.ts';
import type { ClusterTrusts } from './cluster-trusts.ts';
import type { MemberDoors } from './member-doors.ts';

type Routes = typeof ROUTES;

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** The operator's word that one new hub or node may come in. */
export class JoinTokens {
  constructor(
    private readonly database: Database,
    private readonly clusters: Clusters,
    private readonly members: { readonly trusts: ClusterTrusts; readonly doors: MemberDoors },
    private readonly ground: Pick<Ground, 'clock' | 'random'>,
    private readonly spend: Spend,
  ) {}

  async list(asking: Asking, { params }: InputOf<Routes['listJoinTokens']>) {
    const found = await this.clusters.find(asking, params.cluster);
    if (!found.ok) return found;
    const records = await listJoinTokens(this.database, found.value.record.id);
    return ok({ items: records.map((record) => this.view(record)) });
  }

  async create(asking: Asking, { params, body }: InputOf<Routes['createJoinToken']>): Promise<Reply<JoinToken>> {
    const found = await this.clusters.find(asking, params.cluster);
    if (!found.ok) return found;
    const { id: clusterId, partnerId } = found.value.record;
    const grows = await this.spend.mayGrow(partnerId);
    if (!grows.ok) return grows;
    const { authority } = await this.members.trusts.of(clusterId);
    const input = {
      role: body.role,
      memberName: body.name,
      createdBy: asking.key.name,
      lifeMs: body.minutes * 60_000,
    };
    const { record, secret } = await createJoinToken(this.database, clusterId, input, this.ground.random);
    await this.members.doors.refresh();
    const door = this.members.doors.joinEndpoint;
    if (!door) {
      await deleteJoinToken(this.database, clusterId, record.id);
      return err({ code: 'unavailable', detail: 'the join door could not be opened' });
    }
    const fingerprint = fingerprintOf(authority.certificate);
    const token = encodeJoinToken({ clusterId, role: body.role, ...door, fingerprint, secret });
    return ok({ ...this.view(record), token });
  }

  async delete(asking: Asking, { params }: InputOf<Routes['deleteJoinToken']>): Promise<Reply<undefined>> {
    const found = await this.clusters.find(asking, params.cluster);
    if (!found.ok) return found;
    const known = UUID.test(params.joinToken);
    if (!known || !(await deleteJoinToken(this.database, found.value.record.id, params.joinToken)))
      return err({ code: 'join_token_not_found' });
    await this.members.doors.refresh();
    return ok(undefined);
  }

  private view({ id, role, memberName, createdBy, createdAt, expiresAt, usedAt }: JoinTokenRecord): TokenView {
    const over = expiresAt.getTime() <= this.ground.clock.now();
    return {
      id,
      role,
      name: memberName,
      state: usedAt ? 'used' : over ? 'expired' : 'open',
      createdBy,
      createdAt: createdAt.toISOString(),
      expiresAt: expiresAt.toISOString(),
    };
  }
}
