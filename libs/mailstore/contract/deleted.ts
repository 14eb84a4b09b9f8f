import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { systemClock } from '#stdx';
import { gone } from './accounts.ts';
import { ALL, type Bench, context, type OpenStore, rejects, simple, spec, withStore } from './harness.ts';

const HOUR_MS = 3_600_000;
const MINUTE_MS = 60_000;

export function deletedContract(open: OpenStore): void {
  const listed = (bench: Bench, since?: number) =>
    bench.store.deleted.listDeleted(context, 'a', { limit: 100, ...(since === undefined ? {} : { since }) });

  /** INBOX with four messages, two of them expunged an hour apart. */
  const withDeleted = (test: (bench: Bench, inboxId: number) => Promise<void>): Promise<void> =>
    withStore(
      open,
      async (bench) => {
        const inbox = await bench.account('a');
        const ref = { accountId: 'a', mailboxId: inbox.id };
        for (const subject of ['one', 'two', 'three', 'four'])
          await bench.append(inbox, 'a', simple(subject), ['$deleted', '$seen']);
        await bench.store.expunge(context, ref, [{ first: 2, last: 2 }]);
        await bench.clock.advance(HOUR_MS);
        await bench.store.expunge(context, ref, [{ first: 4, last: 4 }]);
        await test(bench, inbox.id);
      },
      { deletedKeepMs: 2 * HOUR_MS },
    );

  describe('deleted mail', () => {
    it('is listed, newest first, with where it was, and can be read', () =>
      withDeleted(async (bench, inboxId) => {
        const found = await listed(bench);
        assert.deepEqual(
          found.map(({ envelope, mailbox, mailboxId, keywords }) => [envelope.subject, mailbox, mailboxId, keywords]),
          [
            ['four', 'INBOX', inboxId, ['$deleted', '$seen']],
            ['two', 'INBOX', inboxId, ['$deleted', '$seen']],
          ],
        );
        assert.equal(await bench.text(found[1]!.blobId), simple('two'));
        assert.deepEqual(await listed(bench, found[0]!.deletedAt), found.slice(0, 1));
        const after = await bench.store.deleted.listDeleted(context, 'a', { limit: 1, after: found[0]! });
        assert.deepEqual(after, found.slice(1));
      }));

    it('counts neither against the quota nor as stored', () =>
      withDeleted(async ({ store }) => {
        const { usedBytes, messages } = await store.account(context, 'a');
        assert.deepEqual([usedBytes, messages], [simple('one').length + simple('three').length, 2]);
        assert.deepEqual(await store.usageBytes(), [{ partnerId: 'partner-1', bytes: usedBytes, coldBytes: 0 }]);
      }));

    it('comes back where it was, under a new uid, as itself', () =>
      withDeleted(async (bench, inboxId) => {
        const [four] = await listed(bench);
        const restored = await bench.store.deleted.restoreDeleted(context, 'a', { messageIds: [four!.messageId, 999] });
        assert.deepEqual(restored, [{ messageId: four!.messageId, mailboxId: inboxId, uid: 5 }]);
        const [message] = await bench.messages('a', inboxId, [{ first: 5, last: 5 }]);
        assert.deepEqual(message?.keywords, ['$seen']);
        assert.equal(message?.blobId, four!.blobId);
        assert.equal((await listed(bench)).length, 1);
        assert.deepEqual(await bench.store.deleted.restoreDeleted(context, 'a', { messageIds: [four!.messageId] }), []);
        assert.equal((await bench.store.account(context, 'a')).messages, 3);
        const changes = await bench.store.changes(context, { accountId: 'a', mailboxId: inboxId }, message!.modSeq - 1);
        assert.deepEqual(
          changes.changed.map(({ uid, created }) => [uid, created]),
          [[5, true]],
        );
      }));

    it('all of it since a time comes back at once', () =>
      withDeleted(async (bench, inboxId) => {
        const restored = await bench.store.deleted.restoreDeleted(context, 'a', { since: bench.clock.now() });
        assert.deepEqual(
          restored.map(({ uid }) => uid),
          [5],
        );
        await bench.store.expunge(context, { accountId: 'a', mailboxId: inboxId }, ALL, { any: true });
        assert.equal((await bench.store.deleted.restoreDeleted(context, 'a', { since: 0, limit: 1 })).length, 1);
        assert.equal((await bench.store.deleted.restoreDeleted(context, 'a', { since: 0 })).length, 3);
        assert.deepEqual(await bench.uids('a', inboxId), [6, 7, 8, 9]);
        assert.deepEqual(await listed(bench), []);
      }));

    it('a mailbox deleted with its messages is made again for them', () =>
      withStore(open, async (bench) => {
        await bench.account('a');
        const box = await bench.store.createMailbox(context, 'a', 'Work/old', { subscribed: true });
        await bench.append(box, 'a', simple('x'));
        await bench.store.deleteMailbox(context, 'a', 'Work/old');
        for (let i = 0; i < 50 && (await listed(bench)).length === 0; i++) await new Promise((r) => setImmediate(r));
        const [restored] = await bench.store.deleted.restoreDeleted(context, 'a', { since: 0 });
        const again = await bench.mailbox('a', 'Work/old');
        assert.equal(restored?.mailboxId, again.id);
        assert.notEqual(again.id, box.id);
        assert.deepEqual([again.messages, again.subscribed], [1, true]);
      }));

    it('needs room in the quota to come back', () =>
      withStore(open, async (bench) => {
        const size = simple('1').length;
        const inbox = await bench.account('a', { quotaBytes: size });
        await bench.append(inbox, 'a', simple('1'));
        await bench.store.expunge(context, { accountId: 'a', mailboxId: inbox.id }, ALL, { any: true });
        await bench.append(inbox, 'a', simple('2'));
        await rejects(bench.store.deleted.restoreDeleted(context, 'a', { since: 0 }), 'overQuota');
        await bench.store.ensureAccount(context, spec('a', { quotaBytes: 2 * size }));
        assert.equal((await bench.store.deleted.restoreDeleted(context, 'a', { since: 0 })).length, 1);
      }));

    it('is forgotten when its time is over, bytes and all', () =>
      withDeleted(async (bench) => {
        const [four, two] = await listed(bench);
        await bench.clock.advance(HOUR_MS);
        for (let i = 0; i < 50 && (await listed(bench)).length > 1; i++) {
          await bench.clock.advance(MINUTE_MS);
          // The store works on a disk, which knows nothing of the simulated minute.
          await systemClock.sleep(10);
        }
        assert.deepEqual(await listed(bench), [four]);
        await gone(() => bench.text(two!.blobId));
        assert.equal(await bench.text(four!.blobId), simple('four'));
      }));

    it('goes with its account, and is another partner’s business to nobody', () =>
      withDeleted(async (bench) => {
        const [four] = await listed(bench);
        const { deleted } = bench.store;
        const other = { ...context, partnerId: 'partner-2' };
        await rejects(deleted.listDeleted(other, 'a', { limit: 1 }), 'accountNotFound');
        await rejects(deleted.restoreDeleted(other, 'a', { since: 0 }), 'accountNotFound');
        await bench.store.removeAccount(context, 'a');
        await gone(() => bench.text(four!.blobId));
      }));
  });
}
