import type { InputOf, Queue, QueueEntry, ROUTES } from '#api-schema';
import type { ClusterSnapshot, NodeMember, Volume } from '#cluster/api';
import type { RpcQueueEntry } from '#protocol/handover';
import { err, ok } from '#stdx';
import type { Reply } from '../http/refusal.ts';
import type { Asking } from '../http/request.ts';
import type { PartnerNames } from '../partners/partner-names.ts';
import type { Clusters } from './clusters.ts';
import type { NodeRpc, RpcAnswer, RpcFailure } from './node-rpc.ts';

type Routes = typeof ROUTES;

/** The deliveries that wait in the volumes, as their nodes say. */
export class ClusterQueue {
  constructor(
    private readonly clusters: Clusters,
    private readonly partners: PartnerNames,
    private readonly rpc: NodeRpc,
  ) {}

  async show(asking: Asking, { params, query }: InputOf<Routes['showQueue']>): Promise<Reply<Queue>> {
    const found = await this.clusters.find(asking, params.cluster);
    if (!found.ok) return found;
    const context = await this.partners.narrowed(asking, query.partner);
    if (!context.ok) return context;
    const { record, state } = found.value;
    const { partnerId } = context.value;
    const filter = { limit: query.limit, ...(partnerId === undefined ? {} : { partnerId }) };
    const snapshot = await state.snapshot();
    const asked = await Promise.all(
      snapshot.volumes.map(async (volume) => {
        const node = ownerOf(volume, snapshot);
        const question = { volumeId: volume.id, epoch: volume.epoch, ...filter };
        const answer: RpcAnswer<'queue'> = node
          ? await this.rpc.ask({ ...targetOf(node), key: record.key }, 'queue', question)
          : err('STALE');
        return { volume, node: node?.name ?? '', answer };
      }),
    );
    const entries = asked.flatMap(({ volume, node, answer }) =>
      answer.ok ? answer.value.entries.map((entry) => ({ volume: volume.id, node, entry })) : [],
    );
    entries.sort((a, b) => a.entry.createdAt - b.entry.createdAt);
    return ok({
      entries: await Promise.all(entries.map((each) => this.view(asking, each))),
      unanswered: asked.filter(({ answer }) => !answer.ok).map(({ volume }) => volume.name),
    });
  }

  async act(asking: Asking, { params, body }: InputOf<Routes['actOnQueueEntry']>): Promise<Reply<undefined>> {
    const found = await this.clusters.find(asking, params.cluster);
    if (!found.ok) return found;
    const snapshot = await found.value.state.snapshot();
    const volume = snapshot.volumes.find(({ id, name }) => id === params.volume || name === params.volume);
    if (!volume) return err({ code: 'volume_not_found' });
    const node = ownerOf(volume, snapshot);
    if (!node) return err({ code: 'node_unreachable', detail: 'no node serves the volume now' });
    if (!/^\d{1,15}$/.test(params.entry)) return err({ code: 'queue_entry_not_found' });
    const question = { volumeId: volume.id, epoch: volume.epoch, entryId: Number(params.entry), action: body.action };
    const answer = await this.rpc.ask({ ...targetOf(node), key: found.value.record.key }, 'queueAct', question);
    return answer.ok ? ok(undefined) : err({ code: FAILURES[answer.error] });
  }

  private async view(
    asking: Asking,
    { volume, node, entry }: { readonly volume: string; readonly node: string; readonly entry: RpcQueueEntry },
  ): Promise<QueueEntry> {
    return {
      id: String(entry.id),
      volume,
      node,
      partner: await this.partners.slugOf(asking, entry.partnerId),
      reversePath: entry.reversePath,
      forwardPath: entry.forwardPath,
      sizeBytes: entry.sizeBytes,
      state: entry.status,
      attempts: entry.attempts,
      createdAt: new Date(entry.createdAt).toISOString(),
      nextAttemptAt: new Date(entry.nextAttemptAt).toISOString(),
      lastError: entry.lastError,
    };
  }
}

const targetOf = ({ id: nodeId, clusterId, data }: NodeMember) => ({ nodeId, clusterId, data });

const FAILURES = {
  UNKNOWN: 'queue_entry_not_found',
  STALE: 'node_unreachable',
  FULL: 'node_unreachable',
  BUSY: 'node_unreachable',
  FAILED: 'node_unreachable',
  SILENT: 'node_unreachable',
} as const satisfies Record<RpcFailure, string>;

/** The node that serves a volume now. */
export const ownerOf = (volume: Volume, { nodes }: ClusterSnapshot): NodeMember | undefined =>
  volume.state === 'serving' ? nodes.find(({ id }) => id === volume.ownerNodeId) : undefined;
