import type { InputOf, ROUTES, Tiering } from '#api-schema';
import type { ClusterState, Volume } from '#cluster/api';
import type { RpcTiering } from '#protocol/handover';
import { err, ok } from '#stdx';
import type { Reply } from '../http/refusal.ts';
import type { Asking } from '../http/request.ts';
import { ownerOf } from './cluster-queue.ts';
import type { Clusters } from './clusters.ts';
import type { NodeRpc, RpcTarget } from './node-rpc.ts';

type Routes = typeof ROUTES;

const DAY_MS = 86_400_000;

/** A volume being served, and whom to ask about it. */
interface Served {
  readonly state: ClusterState;
  readonly volume: Volume;
  readonly target: RpcTarget;
  readonly on: { readonly volumeId: string; readonly epoch: number };
}

/** The cold tier of volumes: kept with the cluster, tried and worked by the nodes that own them. */
export class ClusterTiering {
  constructor(
    private readonly clusters: Clusters,
    private readonly rpc: NodeRpc,
  ) {}

  async show(asking: Asking, { params }: InputOf<Routes['showTiering']>): Promise<Reply<Tiering>> {
    const served = await this.served(asking, params);
    if (!served.ok) return served;
    const answer = await this.rpc.ask(served.value.target, 'tiering', served.value.on);
    return answer.ok ? ok(view(served.value.volume, answer.value)) : err({ code: 'node_unreachable' });
  }

  async run(asking: Asking, { params }: InputOf<Routes['runTiering']>): Promise<Reply<Tiering>> {
    const served = await this.served(asking, params);
    if (!served.ok) return served;
    const answer = await this.rpc.ask(served.value.target, 'runTiering', served.value.on);
    if (!answer.ok) return err({ code: 'node_unreachable' });
    if (answer.value.problem !== null) return err({ code: 'conflict', detail: answer.value.problem });
    return ok(view(served.value.volume, answer.value));
  }

  async set(asking: Asking, { params, body }: InputOf<Routes['setTiering']>): Promise<Reply<Tiering>> {
    const served = await this.served(asking, params);
    if (!served.ok) return served;
    const { volume, target, on, state } = served.value;
    const place = body.place ?? volume.cold?.place;
    if (!place) return err({ code: 'invalid_value', errors: [{ field: 'place', reason: 'the volume has none yet' }] });
    const rules = body.rules.map(({ afterDays, minBytes }) => ({ afterMs: Math.round(afterDays * DAY_MS), minBytes }));
    const answer = await this.rpc.ask(target, 'setTiering', { ...on, place, rules });
    if (!answer.ok) return err({ code: 'node_unreachable' });
    const { problem } = answer.value;
    if (problem !== null) return err({ code: 'invalid_value', errors: [{ field: 'place', reason: problem }] });
    // The node tried it first: whoever opens the volume next can rely on it.
    await state.updateVolume(volume.id, { cold: { place, rules } });
    return ok(view({ ...volume, cold: { place, rules } }, answer.value));
  }

  private async served(
    asking: Asking,
    params: { readonly cluster: string; readonly volume: string },
  ): Promise<Reply<Served>> {
    const found = await this.clusters.find(asking, params.cluster);
    if (!found.ok) return found;
    const { state, record } = found.value;
    const snapshot = await state.snapshot();
    const volume = snapshot.volumes.find(({ id, name }) => id === params.volume || name === params.volume);
    if (!volume) return err({ code: 'volume_not_found' });
    const node = ownerOf(volume, snapshot);
    if (!node) return err({ code: 'node_unreachable', detail: 'no node serves the volume now' });
    const { id: nodeId, clusterId, data } = node;
    const target = { nodeId, clusterId, data, key: record.key };
    return ok({ state, volume, target, on: { volumeId: volume.id, epoch: volume.epoch } });
  }
}

const view = ({ cold }: Volume, { rules: _, problem: __, ...status }: RpcTiering): Tiering => ({
  place: cold?.place ?? null,
  rules: (cold?.rules ?? []).map(({ afterMs, minBytes }) => ({ afterDays: afterMs / DAY_MS, minBytes })),
  ...status,
});
