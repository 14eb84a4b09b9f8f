import type { VolumeOwner } from '#cluster/postgres';
import type { Account } from '#directory/api';
import type { PostgresAccountUsage } from '#directory/postgres';
import type { Clock } from '#stdx';
import type { NodeRpc } from '../clusters/node-rpc.ts';

/** `fresh`: the node said so for this answer. */
export interface UsageFigure {
  readonly usedBytes: number | null;
  readonly at: Date | null;
  readonly fresh: boolean;
}

/** What accounts hold: asked of the node that owns the volume, else as it last was, and said to be so. */
export class AccountUsage {
  constructor(
    private readonly ownerOf: (volumeId: string) => Promise<VolumeOwner | undefined>,
    private readonly rpc: NodeRpc,
    private readonly known: PostgresAccountUsage,
    private readonly clock: Clock,
  ) {}

  async ask(account: Pick<Account, 'id' | 'volumeId'>): Promise<UsageFigure> {
    const { id, volumeId } = account;
    const owner = await this.ownerOf(volumeId);
    const answer =
      owner &&
      (await this.rpc.ask({ data: owner.data, key: owner.clusterKey }, 'account', {
        accountId: id,
        volumeId,
        epoch: owner.epoch,
      }));
    if (!answer || !(answer.ok || answer.error === 'UNKNOWN')) return this.remembered(id);
    // An account is made on its volume with its first message.
    const usedBytes = answer.ok ? answer.value.usedBytes : 0;
    const at = new Date(this.clock.now());
    await this.known.remember(id, usedBytes, at);
    return { usedBytes, at, fresh: true };
  }

  async lastKnown(accounts: readonly Pick<Account, 'id'>[]): Promise<ReadonlyMap<string, UsageFigure>> {
    const known = await this.known.lastKnown(accounts.map((account) => account.id));
    return new Map([...known].map(([id, figure]) => [id, { ...figure, fresh: false }]));
  }

  private async remembered(id: string): Promise<UsageFigure> {
    return (await this.lastKnown([{ id }])).get(id) ?? { usedBytes: null, at: null, fresh: false };
  }
}
