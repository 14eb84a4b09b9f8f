import type { DeletedMessage, InputOf, ROUTES } from '#api-schema';
import type { VolumeOwner } from '#cluster/postgres';
import type { Account, DirectoryRegistry } from '#directory/api';
import type { RpcDeletedEntry } from '#protocol/handover';
import { err, ok } from '#stdx';
import type { NodeRpc, RpcFailure } from '../clusters/node-rpc.ts';
import type { Reply } from '../http/refusal.ts';
import type { Asking } from '../http/request.ts';

type Routes = typeof ROUTES;

/** Messages a node restores for one question: well within the time it has for an answer. */
const RESTORE_SLICE = 500;

/** What accounts deleted lately, as the nodes that own their volumes say. */
export class DeletedMail {
  constructor(
    private readonly registry: DirectoryRegistry,
    private readonly ownersOf: (volumeIds: readonly string[]) => Promise<ReadonlyMap<string, VolumeOwner>>,
    private readonly rpc: NodeRpc,
  ) {}

  async list(
    asking: Asking,
    { params, query }: InputOf<Routes['listDeletedMessages']>,
  ): Promise<Reply<{ items: DeletedMessage[]; next?: string }>> {
    const account = await this.registry.findAccount(asking.context, params.account);
    if (!account.ok) return account;
    const { limit } = query;
    const after = cursorOf(query.after);
    const answer = await this.ask(account.value, 'deleted', {
      limit,
      ...(query.since === undefined ? {} : { since: Date.parse(query.since) }),
      ...(after === undefined ? {} : { after }),
    });
    if (!answer.ok) return answer.error === 'UNKNOWN' ? ok({ items: [] }) : err({ code: FAILURES[answer.error] });
    const { entries } = answer.value;
    const last = entries.length === limit ? entries.at(-1) : undefined;
    return ok({
      items: entries.map(view),
      ...(last === undefined ? {} : { next: `${last.deletedAt}-${last.messageId}` }),
    });
  }

  async restore(
    asking: Asking,
    { params, body }: InputOf<Routes['restoreDeletedMessages']>,
  ): Promise<Reply<{ restored: number }>> {
    const account = await this.registry.findAccount(asking.context, params.account);
    if (!account.ok) return account;
    const ids = body.messages?.map(Number).filter(Number.isSafeInteger);
    const since = body.since === undefined ? 0 : Date.parse(body.since);
    let restored = 0;
    for (let done = 0; ; done += RESTORE_SLICE) {
      const which = ids ? { messageIds: ids.slice(done, done + RESTORE_SLICE) } : { since };
      const answer = await this.ask(account.value, 'undelete', { ...which, limit: RESTORE_SLICE });
      if (!answer.ok && answer.error !== 'UNKNOWN') {
        const detail = restored === 0 ? {} : { detail: `${restored} messages were restored before` };
        return err({ code: FAILURES[answer.error], ...detail });
      }
      const count = answer.ok ? answer.value.restored : 0;
      restored += count;
      const isOver = ids ? done + RESTORE_SLICE >= ids.length : count < RESTORE_SLICE;
      if (isOver) return ok({ restored });
    }
  }

  private async ask<Method extends 'deleted' | 'undelete'>(
    { id, volumeId }: Account,
    method: Method,
    question: Omit<Parameters<NodeRpc['ask']>[2], 'accountId' | 'volumeId' | 'epoch'>,
  ) {
    const owner = (await this.ownersOf([volumeId])).get(volumeId);
    if (!owner) return err('STALE' as const);
    const target = { ...owner, key: owner.clusterKey };
    const asked = { accountId: id, volumeId, epoch: owner.epoch, ...question };
    return this.rpc.ask<Method>(target, method, asked as Parameters<typeof this.rpc.ask<Method>>[2]);
  }
}

/** An account the node does not know has deleted nothing. */
const FAILURES = {
  UNKNOWN: 'account_not_found',
  STALE: 'node_unreachable',
  FULL: 'limit_reached',
  BUSY: 'node_unreachable',
  FAILED: 'node_unreachable',
  SILENT: 'node_unreachable',
} as const satisfies Record<RpcFailure, string>;

function cursorOf(after: string | undefined): { readonly deletedAt: number; readonly messageId: number } | undefined {
  const [, deletedAt, messageId] = /^(\d{1,15})-(\d{1,10})$/.exec(after ?? '') ?? [];
  return deletedAt && messageId ? { deletedAt: Number(deletedAt), messageId: Number(messageId) } : undefined;
}

const view = ({ messageId, receivedAt, deletedAt, from, ...entry }: RpcDeletedEntry): DeletedMessage => ({
  ...entry,
  id: String(messageId),
  from: [...from],
  receivedAt: new Date(receivedAt).toISOString(),
  deletedAt: new Date(deletedAt).toISOString(),
});
