import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { AccountChange } from '#mailstore/api';
import { type Bench, context, type OpenStore, rejects, withStore } from './harness.ts';

const value = (text: string): Buffer => Buffer.from(text);

export function annotationsContract(open: OpenStore): void {
  const withInbox = (test: (bench: Bench, inbox: number) => Promise<void>, limits = {}) =>
    withStore(open, async (bench) => test(bench, (await bench.account('a')).id), limits);
  const listed = async ({ store }: Bench, mailboxId: number | null): Promise<string> =>
    (await store.annotations.list(context, 'a', mailboxId)).map(({ entry, value }) => `${entry}=${value}`).join(' ');

  describe('annotations', () => {
    it('are set, read, changed and removed, of mailboxes and of the account', () =>
      withInbox(async (bench, inbox) => {
        const { annotations } = bench.store;
        await annotations.set(context, 'a', inbox, [
          { entry: '/Shared/Comment', value: value('ours') },
          { entry: '/private/comment', value: value('mine') },
        ]);
        await annotations.set(context, 'a', null, [{ entry: '/shared/admin', value: value('mailto:x') }]);
        assert.equal(await listed(bench, inbox), '/private/comment=mine /shared/comment=ours');
        assert.equal(await listed(bench, null), '/shared/admin=mailto:x');
        await annotations.set(context, 'a', inbox, [
          { entry: '/private/comment', value: null },
          { entry: '/shared/comment', value: value('\0') },
          { entry: '/shared/none', value: null },
        ]);
        assert.equal(await listed(bench, inbox), '/shared/comment=\0');
      }));

    it('raise the account and no mailbox, and only when something changed', () =>
      withInbox(async (bench, inbox) => {
        const { store } = bench;
        const heard: AccountChange[] = [];
        store.watch('a', (change) => heard.push(change));
        const before = await store.account(context, 'a');
        const set = () => store.annotations.set(context, 'a', inbox, [{ entry: '/shared/x', value: value('1') }]);
        await set();
        await set();
        await store.annotations.set(context, 'a', null, [{ entry: '/shared/none', value: null }]);
        assert.equal((await store.account(context, 'a')).modSeq, before.modSeq + 1);
        assert.equal((await bench.mailbox('a', inbox)).modSeq, 1);
        assert.deepEqual(
          heard.map(({ annotated, mailboxes }) => ({ annotated, mailboxes })),
          [{ annotated: [{ mailboxId: inbox, entry: '/shared/x', owner: '' }], mailboxes: [] }],
        );
      }));

    it('follow a rename and go with their mailbox', () =>
      withInbox(async (bench) => {
        const { store } = bench;
        const box = await store.createMailbox(context, 'a', 'x');
        await store.annotations.set(context, 'a', box.id, [{ entry: '/shared/x', value: value('1') }]);
        await store.renameMailbox(context, 'a', 'x', 'y');
        assert.equal(await listed(bench, box.id), '/shared/x=1');
        await store.deleteMailbox(context, 'a', 'y');
        await rejects(store.annotations.list(context, 'a', box.id), 'mailboxNotFound');
        const again = await store.createMailbox(context, 'a', 'y');
        assert.equal(await listed(bench, again.id), '');
      }));

    it('refuse what cannot be, all or nothing', () =>
      withInbox(
        async (bench, inbox) => {
          const { annotations } = bench.store;
          const ok = { entry: '/shared/ok', value: value('1') };
          const set = (entry: string, text = 'x') =>
            annotations.set(context, 'a', inbox, [ok, { entry, value: value(text) }]);
          for (const entry of [
            '',
            'shared/a',
            '/shared',
            '/other/a',
            '/shared/a/',
            '/shared/\u00e4',
            '/shared/a b',
            `/shared/${'x'.repeat(255)}`,
          ])
            await rejects(set(entry), 'annotationInvalid');
          await rejects(set('/shared/large', 'x'.repeat(11)), 'annotationTooLarge');
          await rejects(annotations.set(context, 'a', 999, [ok]), 'mailboxNotFound');
          await rejects(annotations.list({ ...context, partnerId: 'partner-2' }, 'a', inbox), 'accountNotFound');
          assert.equal(await listed(bench, inbox), '');
          await set('/shared/two');
          await rejects(set('/shared/three'), 'limitExceeded');
          assert.equal(await listed(bench, inbox), '/shared/ok=1 /shared/two=x');
        },
        { annotationsMax: 2, annotationBytesMax: 10 },
      ));

    it('travel with their account, whatever it is called there', () =>
      withInbox(async (bench, inbox) => {
        const { annotations, transfer } = bench.store;
        await annotations.set(context, 'a', inbox, [
          { entry: '/private/x', value: value('mine') },
          { entry: '/shared/x', value: value('ours') },
        ]);
        await transfer.importAccount(context, transfer.exportAccount(context, 'a'), { accountId: 'b' });
        await transfer.admitAccount(context, 'b');
        const arrived = await annotations.list(context, 'b', inbox);
        assert.deepEqual(
          arrived.map(({ entry, value }) => `${entry}=${value}`),
          ['/private/x=mine', '/shared/x=ours'],
        );
      }));
  });
}
