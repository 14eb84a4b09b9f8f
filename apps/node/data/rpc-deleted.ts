import type { MailStore } from '#mailstore/api';
import type { RpcMethods } from '#protocol/handover';
import { systemContext } from '#stdx';

const context = systemContext('rpc');

/** A page of what was deleted of an account and can be restored. */
export async function listDeleted(
  store: MailStore,
  { accountId, since, after, limit }: RpcMethods['deleted']['params'],
): Promise<RpcMethods['deleted']['result']> {
  const found = await store.deleted.listDeleted(context, accountId, {
    limit,
    ...(since === undefined ? {} : { since }),
    ...(after === undefined ? {} : { after }),
  });
  const entries = found.map(({ messageId, mailbox, size, internalDate, deletedAt, envelope }) => ({
    ...{ messageId, mailbox, sizeBytes: size, receivedAt: internalDate, deletedAt, subject: envelope.subject },
    from: envelope.from.map(({ mailbox: local, host }) => `${local ?? ''}@${host ?? ''}`),
  }));
  return { entries };
}

/** Puts messages back, a bounded number a call. */
export async function undelete(
  store: MailStore,
  { accountId, messageIds, since, limit }: RpcMethods['undelete']['params'],
): Promise<RpcMethods['undelete']['result']> {
  const which = messageIds ? { messageIds: messageIds.slice(0, limit) } : { since: since ?? 0, limit };
  const restored = await store.deleted.restoreDeleted(context, accountId, which);
  return { restored: restored.length };
}
