import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { collect, systemContext } from '#stdx';
import { context, flat, type OpenStore, rejects, simple, spec, withStore } from './harness.ts';

export function accountsContract(open: OpenStore): void {
  describe('accounts', () => {
    it('an account is born with its mailboxes, all subscribed', () =>
      withStore(open, async ({ store }) => {
        const info = await store.ensureAccount(context, spec('a', { quotaBytes: 5 }));
        assert.deepEqual(
          { ...info, modSeq: info.modSeq > 0 },
          { ...spec('a', { quotaBytes: 5 }), modSeq: true, usedBytes: 0, messages: 0 },
        );
        const boxes = await store.mailboxes(context, 'a');
        assert.deepEqual(
          boxes.map(({ name, role, subscribed }) => [name, role, subscribed]),
          [
            ['INBOX', 'inbox', true],
            ['Drafts', 'drafts', true],
            ['Sent', 'sent', true],
            ['Junk', 'junk', true],
            ['Trash', 'trash', true],
            ['Archive', 'archive', true],
          ],
        );
        for (const box of boxes) {
          assert.equal(box.uidNext, 1);
          assert.equal(box.recentUid, 1);
          assert(box.uidValidity > 0 && box.uidValidity < 2 ** 32);
          assert(box.modSeq >= box.createdModSeq && box.createdModSeq > 0);
        }
        assert.equal(new Set(boxes.map(({ id }) => id)).size, 6);
      }));

    it('ensuring again changes what is known of it and nothing else', () =>
      withStore(open, async ({ store }) => {
        const first = await store.ensureAccount(context, spec('a'));
        assert.deepEqual(await store.ensureAccount(context, spec('a')), first);
        const changed = spec('a', { email: 'new@example.com', quotaBytes: 77, partnerId: 'partner-2' });
        await store.ensureAccount(context, changed);
        assert.deepEqual(await store.account(context, 'a'), { ...first, ...changed });
      }));

    it('an unknown account is not found, whatever is asked of it', () =>
      withStore(open, async ({ store }) => {
        const ref = { accountId: 'nobody', mailboxId: 1 };
        await rejects(store.account(context, 'nobody'), 'accountNotFound');
        await rejects(store.mailboxes(context, 'nobody'), 'accountNotFound');
        await rejects(store.mailbox(context, 'nobody', 'INBOX'), 'accountNotFound');
        await rejects(store.createMailbox(context, 'nobody', 'x'), 'accountNotFound');
        await rejects(store.renameMailbox(context, 'nobody', 'x', 'y'), 'accountNotFound');
        await rejects(store.deleteMailbox(context, 'nobody', 'x'), 'accountNotFound');
        await rejects(store.setSubscribed(context, 'nobody', 'x', true), 'accountNotFound');
        await rejects(store.subscriptions(context, 'nobody'), 'accountNotFound');
        await rejects(store.claimRecent(context, ref), 'accountNotFound');
        await rejects(store.uids(context, ref), 'accountNotFound');
        await rejects(flat(store.flags(context, ref, [])), 'accountNotFound');
        await rejects(flat(store.messages(context, ref, [], {})), 'accountNotFound');
        await rejects(store.search(context, ref, { kind: 'all' }), 'accountNotFound');
        await rejects(store.changes(context, ref, 0), 'accountNotFound');
        await rejects(store.append(context, ref, []), 'accountNotFound');
        await rejects(store.setKeywords(context, ref, [], { mode: 'add', keywords: [] }), 'accountNotFound');
        await rejects(store.copy(context, ref, [], 1), 'accountNotFound');
        await rejects(store.move(context, ref, [], 1), 'accountNotFound');
        await rejects(store.expunge(context, ref, []), 'accountNotFound');
        await rejects(store.removeAccount(context, 'nobody'), 'accountNotFound');
      }));

    it('a partner sees its own accounts and no others', () =>
      withStore(open, async ({ store }) => {
        await store.ensureAccount(context, spec('mine', { partnerId: 'p1' }));
        await store.ensureAccount(context, spec('theirs', { partnerId: 'p2' }));
        const asked = { ...systemContext('partner'), partnerId: 'p1' };
        assert.equal((await store.account(asked, 'mine')).accountId, 'mine');
        await rejects(store.account(asked, 'theirs'), 'accountNotFound');
        await rejects(store.mailboxes(asked, 'theirs'), 'accountNotFound');
        await rejects(store.uids(asked, { accountId: 'theirs', mailboxId: 1 }), 'accountNotFound');
        await rejects(store.removeAccount(asked, 'theirs'), 'accountNotFound');
        await rejects(store.ensureAccount(asked, spec('theirs', { partnerId: 'p1' })), 'accountNotFound');
        await rejects(store.ensureAccount(asked, spec('third', { partnerId: 'p2' })), 'accountNotFound');
        assert.deepEqual(
          (await flat(store.accounts(asked))).map(({ accountId }) => accountId),
          ['mine'],
        );
        assert.equal((await flat(store.accounts(context))).length, 2);
      }));

    it('a removed account takes its mail along, and its name is free', () =>
      withStore(open, async (bench) => {
        const { store } = bench;
        const inbox = await bench.account('a');
        const other = await bench.account('b');
        await bench.append(inbox, 'a', simple('only here'));
        await bench.append(inbox, 'a', simple('in both'));
        await bench.append(other, 'b', simple('in both'));
        const [onlyHere, inBoth] = await bench.messages('a', inbox.id);
        await store.removeAccount(context, 'a');
        await rejects(store.account(context, 'a'), 'accountNotFound');
        assert.equal(store.health().messagesStored, 1);
        assert.equal(await bench.text(inBoth!.blobId), simple('in both'));
        const again = await bench.account('a');
        assert.equal((await store.account(context, 'a')).usedBytes, 0);
        assert.deepEqual(await bench.uids('a', again.id), []);
        await gone(() => bench.text(onlyHere!.blobId));
        assert.equal(await bench.text(inBoth!.blobId), simple('in both'));
      }));

    it('a closed store says so, and closing again is nothing', () =>
      withStore(open, async (bench) => {
        const { store } = bench;
        const inbox = await bench.account('a');
        const message = await bench.stage(simple('late'));
        await store.close();
        await store.close();
        await rejects(store.account(context, 'a'), 'unavailable');
        await rejects(store.stage(Buffer.from('x')), 'unavailable');
        await rejects(bench.append(inbox, 'a', 'x'), 'unavailable');
        const delivery = { message, receivedAt: 0, targets: [{ account: spec('a') }], queue: [] };
        await rejects(store.deliver(context, delivery), 'unavailable');
        await rejects(collect(store.read(message.blobId), 10), 'unavailable');
        await rejects(store.queueDue(0, 1), 'unavailable');
        await rejects(store.usagePending(1), 'unavailable');
        await rejects(store.usageBytes(), 'unavailable');
        assert.equal(store.health().writable, false);
      }));
  });
}

/** Bytes nobody holds go in the engine's own time. */
export async function gone(read: () => Promise<unknown>): Promise<void> {
  for (let i = 0; i < 200; i++) {
    const found = await read().then(
      () => true,
      () => false,
    );
    if (!found) return rejects(read(), 'messageNotFound');
    await new Promise((resolve) => setImmediate(resolve));
  }
  assert.fail('still there');
}
