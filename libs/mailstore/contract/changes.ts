import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { AccountChange, MailboxChanges } from '#mailstore/api';
import { ALL, context, type OpenStore, simple, spec, withStore } from './harness.ts';

export function changesContract(open: OpenStore): void {
  describe('changes', () => {
    it('tell what was created, changed and taken away since', () =>
      withStore(open, async (bench) => {
        const { store } = bench;
        const inbox = await bench.account('a');
        const ref = { accountId: 'a', mailboxId: inbox.id };
        for (const subject of ['one', 'two', 'three']) await bench.append(inbox, 'a', simple(subject));
        const { modSeq } = await bench.mailbox('a', inbox.id);
        const nothing = { modSeq, uidNext: 4, changed: [], vanished: [], exact: true };
        assert.deepEqual(await store.changes(context, ref, modSeq), nothing);
        assert.deepEqual(await store.changes(context, ref, modSeq + 100), nothing);
        await store.setKeywords(context, ref, [{ first: 2, last: 2 }], { mode: 'add', keywords: ['$seen'] });
        await store.expunge(context, ref, [{ first: 1, last: 1 }], { any: true });
        await bench.append(inbox, 'a', simple('four'));
        await bench.append(inbox, 'a', simple('five'));
        await store.expunge(context, ref, [{ first: 5, last: 5 }], { any: true });
        const changes = await store.changes(context, ref, modSeq);
        assert.deepEqual(
          changes.changed.map(({ uid, created, keywords, modSeq: each }) => [uid, created, keywords, each - modSeq]),
          [
            [2, false, ['$seen'], 1],
            [4, true, [], 3],
          ],
        );
        assert.deepEqual(changes.vanished, [
          { uid: 1, modSeq: modSeq + 2 },
          { uid: 5, modSeq: modSeq + 5 },
        ]);
        assert.deepEqual([changes.modSeq, changes.uidNext, changes.exact], [modSeq + 5, 6, true]);
        const whole = await store.changes(context, ref, 0);
        assert.deepEqual(
          whole.changed.map(({ uid, created }) => [uid, created]),
          [
            [2, true],
            [3, true],
            [4, true],
          ],
        );
      }));

    it('the mailbox’s modSeq is that of its last message change', () =>
      withStore(open, async (bench) => {
        const inbox = await bench.account('a');
        await bench.append(inbox, 'a', simple('x'));
        const { modSeq } = await bench.mailbox('a', inbox.id);
        await bench.store.createMailbox(context, 'a', 'elsewhere');
        await bench.store.setSubscribed(context, 'a', 'INBOX', false);
        assert.equal((await bench.mailbox('a', inbox.id)).modSeq, modSeq);
        const account = await bench.store.account(context, 'a');
        assert.equal(account.modSeq, modSeq + 2);
      }));
  });

  describe('watching', () => {
    it('tells each account’s watchers once a commit, and stops when told', () =>
      withStore(open, async (bench) => {
        const { store } = bench;
        const inbox = await bench.account('a');
        await bench.account('b');
        const ref = { accountId: 'a', mailboxId: inbox.id };
        const archive = await bench.mailbox('a', 'Archive');
        const seen: AccountChange[] = [];
        const others: AccountChange[] = [];
        const stop = store.watch('a', (change) => seen.push(change));
        store.watch('b', (change) => others.push(change));
        const { modSeq } = await store.account(context, 'a');
        const message = await bench.stage(simple('x'));
        const target = { account: spec('a') };
        await store.deliver(context, { message, receivedAt: 0, targets: [target, target], queue: [] });
        await settled();
        await store.move(context, ref, ALL, archive.id);
        await settled();
        await store.setKeywords(context, ref, ALL, { mode: 'add', keywords: ['x'] });
        await store.claimRecent(context, ref);
        const made = await store.createMailbox(context, 'a', 'new');
        await settled();
        assert.deepEqual(
          seen.map(({ mailboxes, ...rest }) => ({ ...rest, mailboxes: [...mailboxes].sort((x, y) => x - y) })),
          [
            { accountId: 'a', modSeq: modSeq + 1, mailboxes: [inbox.id], mailboxList: false, annotated: [] },
            {
              accountId: 'a',
              modSeq: modSeq + 2,
              mailboxes: [inbox.id, archive.id],
              mailboxList: false,
              annotated: [],
            },
            { accountId: 'a', modSeq: modSeq + 3, mailboxes: [made.id], mailboxList: true, annotated: [] },
          ],
        );
        stop();
        await store.deleteMailbox(context, 'a', 'new');
        await settled();
        assert.equal(seen.length, 3);
        assert.equal(others.length, 0);
      }));

    it('are of one moment, whatever is changed meanwhile', () =>
      withStore(open, async (bench) => {
        const inbox = await bench.account('a');
        const ref = { accountId: 'a', mailboxId: inbox.id };
        const before = (await bench.mailbox('a', 'INBOX')).modSeq;
        let looking = true;
        const looks: MailboxChanges[] = [];
        const look = async (): Promise<void> => {
          while (looking) {
            looks.push(await bench.store.changes(context, ref, before));
            await settled();
          }
        };
        const change = async (): Promise<void> => {
          for (let i = 0; i < 25; i++) {
            const uid = await bench.append(inbox, 'a', simple(`${i}`));
            const only = [{ first: uid, last: uid }];
            await bench.store.setKeywords(context, ref, only, { mode: 'add', keywords: ['a'] });
            if (i % 3 === 0) await bench.store.expunge(context, ref, only, { any: true });
          }
        };
        const changes = Promise.all([change(), change(), change(), change()]).finally(() => {
          looking = false;
        });
        await Promise.all([look(), look(), look(), changes]);
        for (const { uidNext, changed, vanished } of looks) {
          const told = new Set([...changed, ...vanished].map(({ uid }) => uid));
          for (let uid = 1; uid < uidNext; uid++)
            assert.ok(told.has(uid), `nothing is said of ${uid} of ${uidNext - 1}`);
        }
      }));

    it('what a watcher is told of can be read', () =>
      withStore(open, async (bench) => {
        const inbox = await bench.account('a');
        const checks: Promise<void>[] = [];
        bench.store.watch('a', ({ modSeq }) => {
          checks.push(
            bench.store
              .account(context, 'a')
              .then((account) => assert(account.modSeq >= modSeq, 'published too early')),
          );
        });
        await Promise.all(['1', '2', '3', '4'].map((subject) => bench.append(inbox, 'a', simple(subject))));
        await settled();
        await Promise.all(checks);
        assert(checks.length >= 1);
      }));

    it('a watcher that throws harms nobody', () =>
      withStore(open, async (bench) => {
        const inbox = await bench.account('a');
        let heard = 0;
        const throwing = bench.store.watch('a', () => {
          throw new Error('watcher');
        });
        bench.store.watch('a', () => heard++);
        await bench.append(inbox, 'a', simple('x'));
        await settled();
        throwing();
        await bench.append(inbox, 'a', simple('y'));
        await settled();
        assert.equal(heard, 2);
      }));
  });
}

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
