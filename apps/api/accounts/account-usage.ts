import type { VolumeOwner } from '#cluster/postgres';
import type { Account } from '#directory/api';
import type { KnownUsage, PostgresAccountUsage } from '#directory/postgres';
import type { Clock } from '#stdx';
import type { NodeRpc, RpcAnswer } from '../clusters/node-rpc.ts';

/** `fresh`: the node said so for this answer. */
export interface UsageFigure {
  readonly usedBytes: number | null;
  readonly at: Date | null;
  readonly fresh: boolean;
}

type Asked = Pick<Account, 'id' | 'volumeId'>;

/** What accounts hold: asked of the nodes that own their volumes, else as it last was, and said to be so. */
export class AccountUsage {
  constructor(
    private readonly ownersOf: (volumeIds: readonly string[]) => Promise<ReadonlyMap<string, VolumeOwner>>,
    private readonly rpc: NodeRpc,
    private readonly known: PostgresAccountUsage,
    private readonly clock: Clock,
  ) {}

  /** By account id, of every account: one question a volume, all at once. */
  async ask(accounts: readonly Asked[]): Promise<ReadonlyMap<string, UsageFigure>> {
    const byVolume = Map.groupBy(accounts, ({ volumeId }) => volumeId);
    const owners = await this.ownersOf([...byVolume.keys()]);
    const said = new Map<string, KnownUsage>();
    await Promise.all(
      [...byVolume].map(async ([volumeId, own]) => {
        const owner = owners.get(volumeId);
        if (!owner) return;
        const questions = own.map(({ id }) => ({ accountId: id, volumeId, epoch: owner.epoch }));
        const answers = await this.rpc.askAll({ ...owner, key: owner.clusterKey }, 'account', questions);
        const at = new Date(this.clock.now());
        for (const [index, { id }] of own.entries()) {
          const usedBytes = bytesOf(answers[index]);
          if (usedBytes !== undefined) said.set(id, { usedBytes, at });
        }
      }),
    );
    if (said.size > 0) await this.known.remember(said);
    const unsaid = accounts.filter(({ id }) => !said.has(id)).map(({ id }) => id);
    const lastKnown = unsaid.length > 0 ? await this.known.lastKnown(unsaid) : new Map<string, KnownUsage>();
    return new Map(
      accounts.map(({ id }): [string, UsageFigure] => {
        const fresh = said.get(id);
        return [id, fresh ? { ...fresh, fresh: true } : { ...NEVER_SAID, ...lastKnown.get(id) }];
      }),
    );
  }
}

export const NEVER_SAID: UsageFigure = { usedBytes: null, at: null, fresh: false };

/** An account is made on its volume with its first message: one the node does not know holds nothing. */
function bytesOf(answer: RpcAnswer<'account'> | undefined): number | undefined {
  if (!answer) return undefined;
  if (answer.ok) return answer.value.usedBytes;
  return answer.error === 'UNKNOWN' ? 0 : undefined;
}
