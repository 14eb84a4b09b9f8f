import type { ClusterStatus, Cluster as ClusterView, InputOf, ROUTES } from '#api-schema';
import { type ClusterState, levelOfAll } from '#cluster/api';
import { type ClusterRecord, createCluster, findCluster, listClusters, PostgresClusterState } from '#cluster/postgres';
import type { Database } from '#database';
import { checkSlug } from '#directory/api';
import { err, ok } from '#stdx';
import type { Ground } from '../ground.ts';
import type { Reply } from '../http/refusal.ts';
import type { Asking } from '../http/request.ts';
import type { PartnerNames } from '../partners/partner-names.ts';
import type { ClusterReader, FoundCluster } from './cluster-reader.ts';
import { eventView } from './cluster-views.ts';

type Routes = typeof ROUTES;

/** Events a status shows: what fits a screen. */
const STATUS_EVENTS = 20;

/** Clusters a caller may see: an operator all, a partner its own. */
export class Clusters {
  private readonly states = new Map<string, ClusterState>();

  constructor(
    private readonly database: Database,
    private readonly partners: PartnerNames,
    private readonly reader: ClusterReader,
    private readonly ground: Ground,
    private readonly settings: { readonly databaseUrl: string; readonly hubDomain: string },
  ) {}

  async find(asking: Asking, idOrName: string): Promise<Reply<FoundCluster>> {
    const record = await findCluster(this.database, idOrName);
    const { partnerId } = asking.context;
    if (!record || (partnerId !== undefined && record.partnerId !== partnerId))
      return err({ code: 'cluster_not_found' });
    return ok({ record, state: this.stateOf(record.id) });
  }

  /** Whoever asks: whether a partner may use it is the directory's to say. */
  async idOf(idOrName: string): Promise<Reply<string>> {
    const record = await findCluster(this.database, idOrName);
    return record ? ok(record.id) : err({ code: 'cluster_not_found' });
  }

  /** Host names of the hubs: a name with a dot is one, others lie under the hubs' domain. */
  async hubHosts(clusterId: string): Promise<string[]> {
    const { hubs } = await this.stateOf(clusterId).snapshot();
    return hubs.map(({ name }) => (name.includes('.') ? name : `${name}.${this.settings.hubDomain}`)).sort();
  }

  async list(asking: Asking) {
    const records = await listClusters(this.database, asking.context.partnerId);
    return ok({ items: await Promise.all(records.map((record) => this.view(asking, record))) });
  }

  async create(asking: Asking, { body }: InputOf<Routes['createCluster']>): Promise<Reply<ClusterView>> {
    const refusal = checkSlug('name', body.name);
    if (refusal) return err(refusal);
    const partner = await this.partners.idOf(asking, body.partner);
    if (!partner.ok) return partner;
    const { name, shared } = body;
    const record = await createCluster(this.database, { partnerId: partner.value, name, shared }, this.ground.random);
    return ok(await this.view(asking, record));
  }

  async update(asking: Asking, { params, body }: InputOf<Routes['updateCluster']>): Promise<Reply<ClusterView>> {
    const found = await this.find(asking, params.cluster);
    if (!found.ok) return found;
    const { state, record } = found.value;
    const { failBack: before, fillLimits } = await state.snapshot();
    const { failBack: mode = before.mode, failBackAfterSeconds = before.afterMs / 1_000 } = body;
    await state.setFailBack({ mode, afterMs: Math.round(failBackAfterSeconds * 1_000) });
    const { volumeWarnPercent: warnPercent = fillLimits.warnPercent, volumeFullPercent = fillLimits.fullPercent } =
      body;
    await state.setFillLimits({ warnPercent, fullPercent: volumeFullPercent });
    if (body.featureRaise) await state.setFeatureRaise(body.featureRaise);
    return ok(await this.view(asking, record));
  }

  async raiseFeatureLevel(
    asking: Asking,
    { params, body }: InputOf<Routes['raiseFeatureLevel']>,
  ): Promise<Reply<ClusterView>> {
    const found = await this.find(asking, params.cluster);
    if (!found.ok) return found;
    const { state, record } = found.value;
    const level = body.level ?? levelOfAll(await state.snapshot());
    const behind = await state.raiseFeatureLevel(level);
    if (behind.length > 0)
      return err({ code: 'conflict', detail: `these do not know feature level ${level}: ${behind.join(', ')}` });
    return ok(await this.view(asking, record));
  }

  async status(asking: Asking, { params }: InputOf<Routes['showClusterStatus']>): Promise<Reply<ClusterStatus>> {
    const found = await this.find(asking, params.cluster);
    if (!found.ok) return found;
    const [{ at, hubs, nodes, volumes, names }, events] = await Promise.all([
      this.reader.read(found.value, true),
      found.value.state.events({ limit: STATUS_EVENTS }),
    ]);
    return ok({
      cluster: await this.view(asking, found.value.record),
      at: at.toISOString(),
      hubs,
      nodes,
      volumes,
      events: events.map((event) => eventView(event, names)),
    });
  }

  async events(asking: Asking, { params, query }: InputOf<Routes['listClusterEvents']>) {
    const found = await this.find(asking, params.cluster);
    if (!found.ok) return found;
    const [{ names }, events] = await Promise.all([
      this.reader.read(found.value, false),
      found.value.state.events(query),
    ]);
    return ok({ items: events.map((event) => eventView(event, names)) });
  }

  async hubs(asking: Asking, { params }: InputOf<Routes['listHubs']>) {
    const found = await this.find(asking, params.cluster);
    return found.ok ? ok({ items: (await this.reader.read(found.value, false)).hubs }) : found;
  }

  async deleteHub(asking: Asking, { params }: InputOf<Routes['deleteHub']>): Promise<Reply<undefined>> {
    const found = await this.find(asking, params.cluster);
    if (!found.ok) return found;
    const { hubs } = await found.value.state.snapshot();
    const hub = hubs.find(({ id, name }) => id === params.hub || name === params.hub);
    if (!hub) return err({ code: 'hub_not_found' });
    await found.value.state.removeHub(hub.id);
    return ok(undefined);
  }

  private stateOf(clusterId: string): ClusterState {
    const known = this.states.get(clusterId);
    if (known) return known;
    const { clock, logger } = this.ground;
    const state = new PostgresClusterState(clusterId, this.database, this.settings.databaseUrl, clock, logger);
    this.states.set(clusterId, state);
    return state;
  }

  private async view(asking: Asking, record: ClusterRecord): Promise<ClusterView> {
    const partner = await this.partners.slugOf(asking, record.partnerId);
    const { failBack, featureLevel, featureRaise, fillLimits } = await this.stateOf(record.id).snapshot();
    return {
      id: record.id,
      name: record.name,
      partner,
      shared: record.shared,
      failBack: failBack.mode,
      failBackAfterSeconds: failBack.afterMs / 1_000,
      volumeWarnPercent: fillLimits.warnPercent,
      volumeFullPercent: fillLimits.fullPercent,
      featureLevel,
      featureRaise,
    };
  }
}
