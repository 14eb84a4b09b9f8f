import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Bench, context, type OpenStore, rejects, simple, withStore } from './harness.ts';

const names = async ({ store }: Bench): Promise<string[]> =>
  (await store.mailboxes(context, 'a'))
    .map(({ name }) => name)
    .filter((name) => !/^(Drafts|Sent|Junk|Trash|Archive)$/.test(name));

export function mailboxesContract(open: OpenStore): void {
  describe('mailboxes: names', () => {
    for (const [name, why] of [
      ['', 'empty'],
      ['/a', 'empty first level'],
      ['a/', 'empty last level'],
      ['a//b', 'empty level'],
      ['a\u0000b', 'NUL'],
      ['a\nb', 'line end'],
      ['a\u0085', 'C1 control'],
      ['a\u2028b', 'line separator'],
      ['a*b', 'wildcard'],
      ['50%', 'wildcard'],
      ['#shared', 'namespace'],
      ['\ud800', 'lone surrogate'],
      ['é'.repeat(501), 'too many bytes'],
      [Array.from({ length: 21 }, () => 'x').join('/'), 'too deep'],
    ] as const) {
      it(`refuses ${why}`, () =>
        withStore(open, async (bench) => {
          await bench.account('a');
          await rejects(bench.store.createMailbox(context, 'a', name), 'mailboxNameInvalid');
          await rejects(bench.mailbox('a', name), 'mailboxNotFound');
          await bench.store.createMailbox(context, 'a', 'ok');
          await rejects(bench.store.renameMailbox(context, 'a', 'ok', name), 'mailboxNameInvalid');
          await rejects(bench.store.setSubscribed(context, 'a', name, true), 'mailboxNameInvalid');
          await bench.store.setSubscribed(context, 'a', name, false);
        }));
    }

    it('takes what is unusual but sound', () =>
      withStore(open, async (bench) => {
        await bench.account('a');
        for (const name of ['é'.repeat(500), 'a b', '~home', 'x"y', "it's", 'Ⅷ/日本語', '&', '\\'])
          assert.equal((await bench.store.createMailbox(context, 'a', name)).name, name);
      }));

    it('INBOX is one in any case, other names are as written', () =>
      withStore(open, async (bench) => {
        await bench.account('a');
        assert.equal((await bench.mailbox('a', 'inBox')).name, 'INBOX');
        await rejects(bench.store.createMailbox(context, 'a', 'Inbox'), 'mailboxExists');
        assert.equal((await bench.store.createMailbox(context, 'a', 'inbox/Lists')).name, 'INBOX/Lists');
        await rejects(bench.mailbox('a', 'INBOX/lists'), 'mailboxNotFound');
        await rejects(bench.mailbox('a', 'trash'), 'mailboxNotFound');
      }));

    it('composed and decomposed letters are one name', () =>
      withStore(open, async (bench) => {
        await bench.account('a');
        await bench.store.createMailbox(context, 'a', 'Ame\u0301lie');
        assert.equal((await bench.mailbox('a', 'Am\u00e9lie')).name, 'Am\u00e9lie');
        await rejects(bench.store.createMailbox(context, 'a', 'Am\u00e9lie'), 'mailboxExists');
      }));
  });

  describe('mailboxes: create', () => {
    it('makes missing parents, with fresh ids and uidValidities', () =>
      withStore(open, async (bench) => {
        await bench.account('a');
        const made = await bench.store.createMailbox(context, 'a', 'x/y/z', { subscribed: true });
        assert.deepEqual(await names(bench), ['INBOX', 'x', 'x/y', 'x/y/z']);
        assert.deepEqual([made.name, made.role, made.subscribed, made.messages], ['x/y/z', null, true, 0]);
        assert.equal((await bench.mailbox('a', 'x')).subscribed, false);
        const all = await bench.store.mailboxes(context, 'a');
        assert.equal(new Set(all.map(({ uidValidity }) => uidValidity)).size, all.length);
        assert.deepEqual(await bench.mailbox('a', made.id), made);
        await rejects(bench.mailbox('a', 9_999), 'mailboxNotFound');
      }));

    it('a role belongs to one mailbox', () =>
      withStore(open, async (bench) => {
        await bench.account('a');
        assert.equal((await bench.store.createMailbox(context, 'a', 'Starred', { role: 'flagged' })).role, 'flagged');
        await rejects(bench.store.createMailbox(context, 'a', 'S2', { role: 'flagged' }), 'mailboxExists');
        await rejects(bench.store.createMailbox(context, 'a', 'S2', { role: 'inbox' }), 'mailboxExists');
      }));

    it('there is an end to it', () =>
      withStore(
        open,
        async (bench) => {
          await bench.account('a');
          await rejects(bench.store.createMailbox(context, 'a', 'x/y/z'), 'limitExceeded');
          await bench.store.createMailbox(context, 'a', 'x/y');
          await rejects(bench.store.createMailbox(context, 'a', 'z'), 'limitExceeded');
          await rejects(bench.store.renameMailbox(context, 'a', 'x/y', 'new/y'), 'limitExceeded');
          assert.deepEqual(await names(bench), ['INBOX', 'x', 'x/y']);
        },
        { mailboxesMax: 8 },
      ));

    it('a name used again is another mailbox', () =>
      withStore(open, async (bench) => {
        await bench.account('a');
        const first = await bench.store.createMailbox(context, 'a', 'x');
        await bench.store.deleteMailbox(context, 'a', 'x');
        const second = await bench.store.createMailbox(context, 'a', 'x');
        assert(second.uidValidity > first.uidValidity);
        assert(second.id > first.id);
        assert(second.createdModSeq > first.createdModSeq);
      }));
  });

  describe('mailboxes: rename', () => {
    it('children and subscriptions move along; ids, uids and uidValidity stay', () =>
      withStore(open, async (bench) => {
        const { store } = bench;
        await bench.account('a');
        const x = await store.createMailbox(context, 'a', 'x', { subscribed: true });
        await store.createMailbox(context, 'a', 'x/y', { subscribed: true });
        await store.createMailbox(context, 'a', 'xy');
        await store.createMailbox(context, 'a', 'x!');
        const uid = await bench.append(x, 'a', simple('kept'));
        const renamed = await store.renameMailbox(context, 'a', 'x', 'p/q');
        assert.deepEqual([renamed.id, renamed.uidValidity, renamed.uidNext], [x.id, x.uidValidity, uid + 1]);
        assert.deepEqual((await names(bench)).sort(), ['INBOX', 'p', 'p/q', 'p/q/y', 'x!', 'xy']);
        assert.deepEqual(await bench.uids('a', x.id), [uid]);
        const subscribed = await store.subscriptions(context, 'a');
        assert(subscribed.includes('p/q') && subscribed.includes('p/q/y') && !subscribed.includes('x'));
      }));

    it('onto something, from nothing, or beneath itself is refused', () =>
      withStore(open, async (bench) => {
        const { store } = bench;
        await bench.account('a');
        for (const name of ['x', 'x/c', 'y', 'z/c']) await store.createMailbox(context, 'a', name);
        await store.deleteMailbox(context, 'a', 'z');
        await rejects(store.renameMailbox(context, 'a', 'nope', 'n'), 'mailboxNotFound');
        await rejects(store.renameMailbox(context, 'a', 'x', 'y'), 'mailboxExists');
        await rejects(store.renameMailbox(context, 'a', 'x', 'x'), 'mailboxExists');
        await rejects(store.renameMailbox(context, 'a', 'x', 'inbox'), 'mailboxExists');
        await rejects(store.renameMailbox(context, 'a', 'x', 'x/d/e'), 'mailboxNameInvalid');
        // A child of the new name is in the way of a child of the old.
        await rejects(store.renameMailbox(context, 'a', 'x', 'z'), 'mailboxExists');
        const before = (await names(bench)).sort();
        assert.deepEqual(before, ['INBOX', 'x', 'x/c', 'y', 'z/c']);
      }));

    it('an orphan may take its missing parent’s place', () =>
      withStore(open, async (bench) => {
        const { store } = bench;
        await bench.account('a');
        await store.createMailbox(context, 'a', 'x/x/x');
        await store.deleteMailbox(context, 'a', 'x');
        await store.renameMailbox(context, 'a', 'x/x', 'x');
        assert.deepEqual((await names(bench)).sort(), ['INBOX', 'x', 'x/x']);
      }));

    it('children whose names would grow too long stop it', () =>
      withStore(open, async (bench) => {
        await bench.account('a');
        await bench.store.createMailbox(context, 'a', `x/${'y'.repeat(900)}`);
        await rejects(bench.store.renameMailbox(context, 'a', 'x', 'z'.repeat(200)), 'mailboxNameInvalid');
        assert.equal((await bench.mailbox('a', 'x')).name, 'x');
        await rejects(bench.mailbox('a', 'z'.repeat(200)), 'mailboxNotFound');
      }));

    it('a special-use mailbox keeps its role under another name', () =>
      withStore(open, async (bench) => {
        await bench.account('a');
        assert.equal((await bench.store.renameMailbox(context, 'a', 'Trash', 'Deleted Items')).role, 'trash');
        await rejects(bench.store.deleteMailbox(context, 'a', 'Deleted Items'), 'mailboxProtected');
      }));

    it('INBOX gives its messages to the new mailbox and stays, empty', () =>
      withStore(open, async (bench) => {
        const { store } = bench;
        const inbox = await bench.account('a');
        await store.createMailbox(context, 'a', 'INBOX/child');
        await bench.append(inbox, 'a', simple('one'), ['$seen']);
        await bench.append(inbox, 'a', simple('two'));
        const kept = await store.renameMailbox(context, 'a', 'inbox', 'old/mail');
        assert.notEqual(kept.id, inbox.id);
        assert.deepEqual([kept.messages, kept.unseen, kept.role], [2, 1, null]);
        const after = await bench.mailbox('a', 'INBOX');
        assert.deepEqual(
          [after.id, after.uidValidity, after.messages, after.uidNext],
          [inbox.id, inbox.uidValidity, 0, 3],
        );
        assert.deepEqual(
          (await bench.messages('a', kept.id)).map(({ envelope }) => envelope?.subject),
          ['one', 'two'],
        );
        assert.deepEqual(
          (await store.changes(context, { accountId: 'a', mailboxId: inbox.id }, 0)).vanished.map(({ uid }) => uid),
          [1, 2],
        );
        assert.deepEqual((await names(bench)).sort(), ['INBOX', 'INBOX/child', 'old', 'old/mail']);
      }));
  });

  describe('mailboxes: delete', () => {
    it('takes its messages along and leaves its children and its subscription', () =>
      withStore(open, async (bench) => {
        const { store } = bench;
        await bench.account('a');
        const x = await store.createMailbox(context, 'a', 'x', { subscribed: true });
        await store.createMailbox(context, 'a', 'x/y');
        await bench.append(x, 'a', simple('gone'));
        await store.deleteMailbox(context, 'a', 'x');
        assert.deepEqual(await names(bench), ['INBOX', 'x/y']);
        assert((await store.subscriptions(context, 'a')).includes('x'));
        assert.equal((await store.account(context, 'a')).usedBytes, 0);
        assert.equal((await store.account(context, 'a')).messages, 0);
        const ref = { accountId: 'a', mailboxId: x.id };
        await rejects(store.uids(context, ref), 'mailboxNotFound');
        await rejects(store.changes(context, ref, 0), 'mailboxNotFound');
        await rejects(store.append(context, ref, []), 'mailboxNotFound');
        await rejects(store.expunge(context, ref, []), 'mailboxNotFound');
        await rejects(store.claimRecent(context, ref), 'mailboxNotFound');
        await rejects(store.search(context, ref, { kind: 'all' }), 'mailboxNotFound');
        await rejects(store.deleteMailbox(context, 'a', 'x'), 'mailboxNotFound');
      }));

    for (const name of ['INBOX', 'inbox', 'Drafts', 'Sent', 'Junk', 'Trash', 'Archive'])
      it(`${name} is protected`, () =>
        withStore(open, async (bench) => {
          await bench.account('a');
          await rejects(bench.store.deleteMailbox(context, 'a', name), 'mailboxProtected');
        }));
  });

  describe('mailboxes: subscriptions', () => {
    it('are names, there or not, each once', () =>
      withStore(
        open,
        async (bench) => {
          const { store } = bench;
          await bench.account('a');
          await store.setSubscribed(context, 'a', 'not/there', true);
          await store.setSubscribed(context, 'a', 'not/there', true);
          await store.setSubscribed(context, 'a', 'Junk', false);
          await store.setSubscribed(context, 'a', 'never', false);
          const expected = ['Archive', 'Drafts', 'INBOX', 'Sent', 'Trash', 'not/there'];
          assert.deepEqual(await store.subscriptions(context, 'a'), expected);
          assert.equal((await bench.mailbox('a', 'Junk')).subscribed, false);
          await store.setSubscribed(context, 'a', 'seventh', true);
          await rejects(store.setSubscribed(context, 'a', 'eighth', true), 'limitExceeded');
          await store.setSubscribed(context, 'a', 'inBOX', false);
          assert.equal((await bench.mailbox('a', 'INBOX')).subscribed, false);
        },
        { subscriptionsMax: 7 },
      ));
  });
}
