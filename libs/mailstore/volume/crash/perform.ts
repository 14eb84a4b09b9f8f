import assert from 'node:assert/strict';
import type { MailboxRef, MailStore, UidRange } from '#mailstore/api';
import { systemContext } from '#stdx';
import { type AccountModel, type CrashOperation, textOf } from './model.ts';

const context = systemContext('crash');
const specOf = (accountId: string) => ({ accountId, email: `${accountId}@crash`, partnerId: accountId, quotaBytes: 0 });
const rangesOf = (uids: readonly number[]): readonly UidRange[] => uids.map((uid) => ({ first: uid, last: uid }));

export async function begin(store: MailStore, accountId: string): Promise<void> {
  await store.ensureAccount(context, specOf(accountId));
}

/** Does the operation, and checks that its answer is what the model says. `model` is the account before it. */
export async function perform(
  store: MailStore,
  accountId: string,
  model: AccountModel,
  operation: CrashOperation,
): Promise<void> {
  const ref = async (name: string): Promise<MailboxRef> => {
    return { accountId, mailboxId: (await store.mailbox(context, accountId, name)).id };
  };
  const nextUid = (name: string): number => model.mailboxes.get(name)?.uidNext ?? 0;
  switch (operation.kind) {
    case 'append': {
      const messages = await Promise.all(operation.tokens.map((token) => store.stage(textOf(token))));
      const items = messages.map((message) => ({ message, keywords: operation.keywords, internalDate: 0 }));
      const added = await store.append(context, await ref(operation.mailbox), items);
      assert.deepEqual(
        added.map(({ uid }) => uid),
        items.map((_, i) => nextUid(operation.mailbox) + i),
      );
      return;
    }
    case 'deliver': {
      const message = await store.stage(textOf(operation.token));
      const targets = operation.mailboxes.map((mailbox) => ({ account: specOf(accountId), mailbox }));
      const queue = operation.recipients.map((forwardPath) => ({ reversePath: '', forwardPath, partnerId: accountId }));
      const outcomes = await store.deliver(context, { message, receivedAt: 0, targets, queue });
      assert(outcomes.every((outcome, i) => outcome.ok && outcome.uid >= nextUid(operation.mailboxes[i]!)));
      return;
    }
    case 'move':
    case 'copy': {
      const to = await ref(operation.to);
      const source = await ref(operation.from);
      const moved = await store[operation.kind](context, source, rangesOf(operation.uids), to.mailboxId);
      assert.deepEqual(moved.source, operation.uids);
      assert.deepEqual(
        moved.target,
        operation.uids.map((_, i) => nextUid(operation.to) + i),
      );
      return;
    }
    case 'expunge': {
      const { uids } = await store.expunge(context, await ref(operation.mailbox), rangesOf(operation.uids), {
        any: true,
      });
      assert.deepEqual(uids, operation.uids);
      return;
    }
    case 'keywords': {
      const change = { mode: 'replace', keywords: operation.keywords } as const;
      await store.setKeywords(context, await ref(operation.mailbox), rangesOf(operation.uids), change);
      return;
    }
    case 'queue':
      await updateQueue(store, accountId, operation);
      return;
    case 'create':
      await store.createMailbox(context, accountId, operation.mailbox);
      return;
    case 'delete':
      await store.deleteMailbox(context, accountId, operation.mailbox);
      return;
    case 'script':
      await store.scripts.put(context, accountId, operation.script, Buffer.from(operation.token));
      return;
    case 'activate':
      await store.scripts.activate(context, accountId, operation.script);
      return;
    case 'drop':
      await store.scripts.delete(context, accountId, operation.script);
      return;
  }
}

async function updateQueue(
  store: MailStore,
  accountId: string,
  { done, again, bounce }: CrashOperation & { readonly kind: 'queue' },
): Promise<void> {
  const entries = await store.queueEntries({ partnerId: accountId, limit: 10_000 });
  const idOf = (recipient: string): number => {
    const entry = entries.find(({ forwardPath }) => forwardPath === recipient);
    assert(entry, `queue entry ${recipient} is missing`);
    return entry.id;
  };
  const updates = [
    ...done.map((recipient) => ({ id: idOf(recipient), done: true }) as const),
    ...again.map((recipient) => ({ id: idOf(recipient), done: false, nextAttemptAt: 0, lastError: 'later' }) as const),
  ];
  const deliveries = [];
  if (bounce !== null) {
    const message = await store.stage(textOf(bounce));
    deliveries.push({ message, receivedAt: 0, targets: [{ account: specOf(accountId) }], queue: [] });
  }
  await store.queueUpdate(context, updates, deliveries);
}
