import type { InputOf, Rebalance as RebalanceView, ROUTES } from '#api-schema';
import { adviseAccounts, adviseVolumes } from '#cluster/api';
import { PostgresAccountMoves } from '#cluster/postgres';
import type { Database } from '#database';
import { accountsByVolume, lightestAccounts, misplacedAccounts } from '#directory/postgres';
import { ok } from '#stdx';
import type { Reply } from '../http/refusal.ts';
import type { Asking } from '../http/request.ts';
import type { FoundCluster } from './cluster-reader.ts';
import { namesOf } from './cluster-views.ts';
import type { Clusters } from './clusters.ts';

type Routes = typeof ROUTES;
interface Advice {
  readonly view: RebalanceView;
  /** The same, by id. */
  readonly volumes: readonly { readonly volumeId: string; readonly toNodeId: string }[];
  readonly accounts: readonly { readonly accountId: string; readonly toVolumeId: string }[];
}

/** What would even a cluster out: volumes over nodes, accounts over volumes. */
export class Rebalance {
  constructor(
    private readonly clusters: Clusters,
    private readonly database: Database,
  ) {}

  async advise(asking: Asking, { params, query }: InputOf<Routes['adviseRebalance']>): Promise<Reply<RebalanceView>> {
    const found = await this.clusters.find(asking, params.cluster);
    return found.ok ? ok((await this.work(found.value, query.accounts)).view) : found;
  }

  /** Asks for all of it; the leader carries it out, a few at a time. */
  async carryOut(asking: Asking, { params, body }: InputOf<Routes['rebalance']>): Promise<Reply<RebalanceView>> {
    const found = await this.clusters.find(asking, params.cluster);
    if (!found.ok) return found;
    const { record, state } = found.value;
    const { view, volumes, accounts } = await this.work(found.value, body.accounts);
    const moves = new PostgresAccountMoves(record.id, this.database);
    for (const { volumeId, toNodeId } of volumes) await state.requestMove(volumeId, toNodeId);
    // One that was asked for meanwhile, or is gone, needs no second wish.
    for (const { accountId, toVolumeId } of accounts) await moves.request(accountId, toVolumeId);
    return ok(view);
  }

  private async work({ record, state }: FoundCluster, accountsMax: number): Promise<Advice> {
    const [snapshot, held] = await Promise.all([state.snapshot(), accountsByVolume(this.database, record.id)]);
    const volumes = adviseVolumes(snapshot.nodes, snapshot.volumes, snapshot.drains);
    const misplaced = await misplacedAccounts(this.database, record.id, accountsMax);
    const accounts = misplaced.map((account) => ({ ...account, why: 'misplaced' as 'misplaced' | 'load' }));
    const fills = snapshot.volumes.map(({ id, volumeClass, weight }) => {
      const coming = misplaced.filter(({ toVolumeId }) => toVolumeId === id).length;
      const going = misplaced.filter(({ fromVolumeId }) => fromVolumeId === id).length;
      return { id, volumeClass, weight, accounts: (held.get(id) ?? 0) + coming - going };
    });
    const chosen = new Set(misplaced.map(({ accountId }) => accountId));
    for (const shift of adviseAccounts(fills)) {
      const wanted = Math.min(shift.accounts, accountsMax - accounts.length);
      if (wanted <= 0) break;
      const { fromVolumeId, toVolumeId } = shift;
      const lightest = await lightestAccounts(this.database, fromVolumeId, toVolumeId, wanted + chosen.size);
      for (const account of lightest.filter(({ accountId }) => !chosen.has(accountId)).slice(0, wanted)) {
        chosen.add(account.accountId);
        accounts.push({ ...account, why: 'load' });
      }
    }
    const names = namesOf(snapshot);
    const nameOf = (id: string): string => names.get(id) ?? id;
    return {
      volumes,
      accounts,
      view: {
        volumes: volumes.map(({ volumeId, fromNodeId, toNodeId, why }) => ({
          ...{ volume: nameOf(volumeId), from: nameOf(fromNodeId), to: nameOf(toNodeId), why },
        })),
        accounts: accounts.map(({ email, fromVolumeId, toVolumeId, why }) => ({
          ...{ account: email, from: nameOf(fromVolumeId), to: nameOf(toVolumeId), why },
        })),
      },
    };
  }
}
