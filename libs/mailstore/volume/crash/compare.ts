import assert from 'node:assert/strict';
import type { MailStore } from '#mailstore/api';
import { collect, systemContext } from '#stdx';
import { type AccountModel, textOf } from './model.ts';

const context = systemContext('crash');
const ALL = [{ first: 1, last: Infinity }];

/** What an account holds, in the words of the model, its bytes compared on the way. */
export async function readAccount(store: MailStore, accountId: string): Promise<unknown> {
  const boxes = await store.mailboxes(context, accountId);
  const mailboxes = [];
  let messages = 0;
  for (const { id, name, uidNext, messages: count, unseen, sizeBytes } of boxes) {
    const found: [number, { token: string; keywords: readonly string[] }][] = [];
    let bytes = 0;
    let seen = 0;
    const ref = { accountId, mailboxId: id };
    for await (const batch of store.messages(context, ref, ALL, { envelope: true })) {
      for (const { uid, keywords, blobId, envelope, size } of batch) {
        const token = envelope?.subject ?? '';
        const stored = await collect(store.read(blobId), 10_000_000);
        assert(stored.equals(textOf(token)), `bytes of ${token} differ`);
        found.push([uid, { token, keywords }]);
        bytes += size;
        if (keywords.includes('$seen')) seen += 1;
      }
    }
    assert.deepEqual([count, unseen, sizeBytes], [found.length, found.length - seen, bytes], `counters of ${name}`);
    mailboxes.push([name, uidNext, found]);
    messages += found.length;
  }
  const info = await store.account(context, accountId);
  assert.equal(info.messages, messages, 'the account counts its messages');
  const entries = await store.queueEntries({ partnerId: accountId, limit: 10_000 });
  const queue = [];
  for (const { forwardPath, blobId, attempts } of entries) {
    const stored = await collect(store.read(blobId), 10_000_000);
    const token = /Subject: (\S+)/.exec(stored.toString('latin1', 0, 200))?.[1] ?? '';
    assert(stored.equals(textOf(token)), `bytes of queued ${token} differ`);
    queue.push([forwardPath, { token, attempts }]);
  }
  const scripts = [];
  for (const { name } of await store.scripts.list(context, accountId)) {
    const { content } = await store.scripts.get(context, accountId, name);
    scripts.push([name, content.toString()]);
  }
  const active = store.scripts.active(accountId)?.name ?? null;
  return { mailboxes: sorted(mailboxes), queue: sorted(queue), scripts: sorted(scripts), active };
}

/** The model in the same shape. */
export function shapeOf(model: AccountModel): unknown {
  const { mailboxes, queue, scripts, active } = model.state();
  return { mailboxes: sorted(mailboxes), queue: sorted(queue), scripts: sorted(scripts), active };
}

function sorted<T extends readonly unknown[]>(rows: readonly T[]): readonly T[] {
  return [...rows].sort((a, b) => (String(a[0]) < String(b[0]) ? -1 : 1));
}
