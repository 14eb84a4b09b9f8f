import type { Backup, BackupJob, InputOf, ROUTES } from '#api-schema';
import type { DirectoryRegistry } from '#directory/api';
import type { RpcMethods } from '#protocol/handover';
import { err, ok, type Result } from '#stdx';
import type { Reply } from '../http/refusal.ts';
import type { Asking } from '../http/request.ts';
import { ownerOf } from './cluster-queue.ts';
import type { Clusters } from './clusters.ts';
import type { NodeRpc, RpcFailure, RpcTarget } from './node-rpc.ts';

type Routes = typeof ROUTES;

/** A volume being served, and whom to ask about it. */
interface Served {
  readonly target: RpcTarget;
  readonly on: { readonly volumeId: string; readonly epoch: number };
}

/** Backups of volumes, made and read by the nodes that own them. */
export class ClusterBackups {
  constructor(
    private readonly clusters: Clusters,
    private readonly registry: DirectoryRegistry,
    private readonly rpc: NodeRpc,
  ) {}

  async list(
    asking: Asking,
    { params }: InputOf<Routes['listBackups']>,
  ): Promise<Reply<{ items: Backup[]; job: BackupJob | null }>> {
    const served = await this.served(asking, params);
    if (!served.ok) return served;
    const answer = replied(await this.rpc.ask(served.value.target, 'backups', served.value.on));
    if (!answer.ok) return answer;
    const { items, job } = answer.value;
    return ok({ items: items.map(view), job });
  }

  async create(asking: Asking, { params }: InputOf<Routes['createBackup']>): Promise<Reply<BackupJob>> {
    const served = await this.served(asking, params);
    if (!served.ok) return served;
    return replied(await this.rpc.ask(served.value.target, 'backup', served.value.on));
  }

  async repair(asking: Asking, { params }: InputOf<Routes['repairVolume']>): Promise<Reply<BackupJob>> {
    const served = await this.served(asking, params);
    if (!served.ok) return served;
    return replied(await this.rpc.ask(served.value.target, 'repair', served.value.on));
  }

  async restore(asking: Asking, { params, body }: InputOf<Routes['restoreBackup']>): Promise<Reply<BackupJob>> {
    const served = await this.served(asking, params);
    if (!served.ok) return served;
    const found = await this.registry.findAccount(asking.context, body.account);
    if (!found.ok) return found;
    const { id: accountId, email, partnerId, quotaBytes, volumeId } = found.value;
    // Bringing it back to where it is not looked for would hide it.
    if (volumeId !== served.value.on.volumeId)
      return err({ code: 'conflict', detail: 'the account lives on another volume' });
    const { from: source = accountId, backup, mailbox, message, into } = body;
    const wish: RpcMethods['restore']['params'] = {
      ...served.value.on,
      ...{ backup, source, account: { accountId, email, partnerId, quotaBytes } },
      ...(mailbox === undefined ? {} : { mailbox }),
      ...(message === undefined ? {} : { messageId: message }),
      ...(into === undefined ? {} : { into }),
    };
    return replied(await this.rpc.ask(served.value.target, 'restore', wish));
  }

  private async served(
    asking: Asking,
    params: { readonly cluster: string; readonly volume: string },
  ): Promise<Reply<Served>> {
    const found = await this.clusters.find(asking, params.cluster);
    if (!found.ok) return found;
    const snapshot = await found.value.state.snapshot();
    const volume = snapshot.volumes.find(({ id, name }) => id === params.volume || name === params.volume);
    if (!volume) return err({ code: 'volume_not_found' });
    const node = ownerOf(volume, snapshot);
    if (!node) return err({ code: 'node_unreachable', detail: 'no node serves the volume now' });
    const { id: nodeId, clusterId, data } = node;
    const target = { nodeId, clusterId, data, key: found.value.record.key };
    return ok({ target, on: { volumeId: volume.id, epoch: volume.epoch } });
  }
}

const FAILURES = {
  UNKNOWN: 'invalid_value',
  STALE: 'node_unreachable',
  FULL: 'limit_reached',
  BUSY: 'conflict',
  FAILED: 'node_unreachable',
  SILENT: 'node_unreachable',
} as const satisfies Record<RpcFailure, string>;

const replied = <T>(answer: Result<T, RpcFailure>): Reply<T> =>
  answer.ok ? answer : err({ code: FAILURES[answer.error] });

const view = ({ at, damaged, ...backup }: RpcMethods['backups']['result']['items'][number]): Backup => ({
  ...backup,
  at: new Date(at).toISOString(),
  damaged: [...damaged],
});
