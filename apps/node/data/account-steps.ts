import { type AccountSpec, type MailStore, MailStoreError } from '#mailstore/api';
import type { AccountStand, RpcMethods } from '#protocol/handover';
import { type RequestContext, systemContext } from '#stdx';
import type { SessionRegistry } from './session-registry.ts';

type Params = RpcMethods['moveAccount']['params'];

/** Accounts on their way between volumes, step by step as the leader asks; each step may be asked for again. */
export class AccountSteps {
  /** Account → the latest leader that asked. */
  private readonly terms = new Map<string, number>();

  constructor(private readonly sessions: SessionRegistry) {}

  async take(store: MailStore, params: Params): Promise<AccountStand> {
    const { volumeId, accountId, term } = params;
    const key = `${volumeId} ${accountId}`;
    if (term < (this.terms.get(key) ?? 0)) throw new MailStoreError('stale', 'a former leader asks');
    this.terms.set(key, term);
    const context = systemContext('move');
    await this.run(store, context, params);
    return stand(store, context, accountId);
  }

  private async run(store: MailStore, context: RequestContext, params: Params): Promise<void> {
    const { transfer } = store;
    const { accountId, step } = params;
    const standing = await transfer.accountStanding(context, accountId);
    switch (step) {
      case 'look':
        return;
      case 'prepare':
        if (standing === undefined) await store.ensureAccount(context, specOf(params));
        return;
      case 'hold':
        await transfer.holdAccount(context, accountId);
        return this.sendAway(params);
      case 'release':
        if (standing === 'held') await transfer.releaseAccount(context, accountId);
        return;
      case 'forget':
        // Only what was held: an account that has come back since is not this step's.
        if (standing === 'held') await store.removeAccount(context, accountId);
        return;
      case 'admit':
        if (standing === 'arriving') await transfer.admitAccount(context, accountId);
        return;
      case 'discard':
        if (standing === 'arriving') await transfer.abandonAccount(context, accountId);
        else if (standing !== undefined) await store.removeAccount(context, accountId);
    }
  }

  /** Its sessions end between commands; whoever comes is told that it is moving. */
  private sendAway({ volumeId, epoch, accountId }: Params): void {
    for (const session of this.sessions.of(volumeId, epoch)) if (session.accountId === accountId) session.end();
  }
}

async function stand(store: MailStore, context: RequestContext, accountId: string): Promise<AccountStand> {
  const standing = (await store.transfer.accountStanding(context, accountId)) ?? 'none';
  if (standing === 'none') return { standing, cursor: null, modSeq: 0, usedBytes: 0 };
  if (standing === 'arriving') {
    const cursor = (await store.transfer.arrivingAccount(context, accountId)) ?? null;
    return { standing, cursor, modSeq: cursor?.modSeq ?? 0, usedBytes: 0 };
  }
  const { modSeq, usedBytes } = await store.account(context, accountId);
  return { standing, cursor: null, modSeq, usedBytes };
}

const specOf = ({ accountId, email, partnerId, quotaBytes }: Params): AccountSpec => ({
  accountId,
  email,
  partnerId,
  quotaBytes,
});
