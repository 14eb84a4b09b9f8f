import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Bench, context, type OpenStore, rejects, simple, spec, withStore } from './harness.ts';

/** Appends a message in place of another. */
async function replace(bench: Bench, text: string, target: number, from: number, uid: number): Promise<number> {
  const message = await bench.stage(text);
  const ref = { accountId: 'a', mailboxId: target };
  const item = { message, keywords: [], internalDate: 0 };
  const [added] = await bench.store.append(context, ref, [item], { mailboxId: from, uid });
  return added!.uid;
}

export function replaceContract(open: OpenStore): void {
  describe('replacing a message', () => {
    it('one goes as the other comes, in one commit', () =>
      withStore(open, async (bench) => {
        const inbox = await bench.account('a');
        await bench.append(inbox, 'a', simple('old'));
        await bench.append(inbox, 'a', simple('other'));
        const before = await bench.mailbox('a', 'INBOX');
        const [old] = await bench.messages('a', inbox.id);
        const told: number[] = [];
        bench.store.watch('a', ({ modSeq }) => told.push(modSeq));
        assert.equal(await replace(bench, simple('new'), inbox.id, inbox.id, 1), 3);
        assert.deepEqual(await bench.uids('a', inbox.id), [2, 3]);
        const after = await bench.mailbox('a', 'INBOX');
        assert.equal(after.modSeq, before.modSeq + 1);
        const changes = await bench.store.changes(context, { accountId: 'a', mailboxId: inbox.id }, before.modSeq);
        assert.deepEqual([changes.changed.map(({ uid }) => uid), changes.vanished.map(({ uid }) => uid)], [[3], [1]]);
        assert.deepEqual(told, [after.modSeq]);
        // What was expunged can be had back for a while; so can what was replaced.
        assert.equal(await bench.text(old!.blobId), simple('old'));
      }));

    it('from another mailbox', () =>
      withStore(open, async (bench) => {
        const inbox = await bench.account('a');
        const drafts = await bench.mailbox('a', 'Drafts');
        await bench.append(drafts, 'a', simple('draft'));
        assert.equal(await replace(bench, simple('sent'), inbox.id, drafts.id, 1), 1);
        assert.deepEqual(await bench.uids('a', drafts.id), []);
        assert.equal((await bench.mailbox('a', 'Drafts')).messages, 0);
        assert.equal((await bench.store.account(context, 'a')).messages, 1);
      }));

    it('the same bytes', () =>
      withStore(open, async (bench) => {
        const inbox = await bench.account('a');
        for (const body of ['small', 'x'.repeat(1_200_000)]) {
          const uid = await bench.append(inbox, 'a', simple('same', body));
          const again = await replace(bench, simple('same', body), inbox.id, inbox.id, uid);
          const [message] = await bench.messages('a', inbox.id, [{ first: again, last: again }]);
          assert.equal(await bench.text(message!.blobId), simple('same', body));
        }
      }));

    it('what it removes makes room', () =>
      withStore(
        open,
        async (bench) => {
          const size = simple('x').length;
          const inbox = await bench.account('a', { quotaBytes: 2 * size });
          await bench.append(inbox, 'a', simple('x'));
          await bench.append(inbox, 'a', simple('y'));
          await rejects(bench.append(inbox, 'a', simple('z')), 'overQuota');
          assert.equal(await replace(bench, simple('z'), inbox.id, inbox.id, 1), 3);
          await rejects(replace(bench, simple('longer'), inbox.id, inbox.id, 2), 'overQuota');
          assert.deepEqual(await bench.uids('a', inbox.id), [2, 3]);
          // Bytes are without bound now, and the number of messages is not.
          await bench.store.ensureAccount(context, spec('a', { quotaBytes: 0 }));
          await rejects(bench.append(inbox, 'a', simple('z')), 'overQuota');
          const copied = bench.store.copy(
            context,
            { accountId: 'a', mailboxId: inbox.id },
            [{ first: 2, last: 2 }],
            inbox.id,
          );
          await rejects(copied, 'overQuota');
          assert.equal(await replace(bench, simple('longer'), inbox.id, inbox.id, 2), 4);
          assert.equal(bench.store.limits.messagesMax, 2);
        },
        { messagesMax: 2 },
      ));

    it('what is not there is not replaced, and nothing comes', () =>
      withStore(open, async (bench) => {
        const inbox = await bench.account('a');
        await bench.append(inbox, 'a', simple('x'));
        await rejects(replace(bench, simple('y'), inbox.id, inbox.id, 7), 'messageNotFound');
        await rejects(replace(bench, simple('y'), inbox.id, 999, 1), 'mailboxNotFound');
        await rejects(replace(bench, simple('y'), 999, inbox.id, 1), 'mailboxNotFound');
        assert.deepEqual(await bench.uids('a', inbox.id), [1]);
      }));
  });
}
