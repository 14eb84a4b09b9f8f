import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { MailStore } from '#mailstore/api';
import { ALL, type Bench, context, flat, type OpenStore, rejects, simple, spec, withStore } from './harness.ts';

const acting = (accountId: string, partnerId = 'partner-1') => ({ ...context, accountId, partnerId });
const bob = acting('bob');

export function sharingContract(open: OpenStore): void {
  /** Ann has a message in INBOX and two in `team`, Bob is of her domain, Eve of another partner, Zoe of another domain. */
  const withPeople = (test: (bench: Bench, team: { accountId: string; mailboxId: number }) => Promise<void>) =>
    withStore(open, async (bench) => {
      for (const [id, more] of [
        ['ann', {}],
        ['bob', {}],
        ['eve', { partnerId: 'partner-2' }],
        ['zoe', { email: 'zoe@elsewhere.example' }],
      ] as const)
        await bench.store.ensureAccount(context, spec(id, more));
      const inbox = await bench.mailbox('ann', 'INBOX');
      const team = await bench.store.createMailbox(context, 'ann', 'team');
      await bench.append(inbox, 'ann', simple('private'));
      await bench.append(team, 'ann', simple('one'));
      await bench.append(team, 'ann', simple('two'));
      await test(bench, { accountId: 'ann', mailboxId: team.id });
    });
  const grant = (
    store: MailStore,
    ref: { accountId: string; mailboxId: number },
    rights: string,
    to = 'bob@example.com',
  ) => store.sharing.change(acting('ann'), ref, to, { mode: 'replace', rights });

  describe('sharing', () => {
    it('owners may do everything, others nothing until they are granted it', () =>
      withPeople(async ({ store }, team) => {
        assert.equal(await store.sharing.rights(acting('ann'), team), 'lrswipkxtea');
        assert.equal(await store.sharing.rights(bob, team), '');
        assert.deepEqual(await store.sharing.shared(bob), []);
        const { id: inbox } = await store.mailbox(context, 'ann', 'INBOX');
        await grant(store, team, 'lr');
        assert.equal(await store.sharing.rights(bob, team), 'lr');
        const shared = await store.sharing.shared(bob);
        assert.deepEqual(
          shared.map(({ email, mailbox }) => [email, mailbox.name, mailbox.messages]),
          [['ann@example.com', 'team', 2]],
        );
        assert.deepEqual([...(await store.uids(bob, team))], [1, 2]);
        assert.equal((await flat(store.messages(bob, team, ALL, {}))).length, 2);
        await rejects(store.uids(bob, { accountId: 'ann', mailboxId: inbox }), 'mailboxNotFound');
        await rejects(store.mailbox(bob, 'ann', 'INBOX'), 'mailboxNotFound');
      }));

    /** Everything that takes a mailbox, with the rights it needs. */
    const needs: readonly [
      what: string,
      rights: string,
      act: (bench: Bench, team: { accountId: string; mailboxId: number }) => Promise<unknown>,
    ][] = [
      ['uids', 'r', ({ store }, team) => store.uids(bob, team)],
      ['sizes', 'r', ({ store }, team) => store.sizes(bob, team)],
      ['flags', 'r', ({ store }, team) => flat(store.flags(bob, team, ALL))],
      ['listing', 'r', ({ store }, team) => flat(store.listing(bob, team, ALL, {}))],
      ['messages', 'r', ({ store }, team) => flat(store.messages(bob, team, ALL, {}))],
      ['search', 'r', ({ store }, team) => store.search(bob, team, { kind: 'all' })],
      ['changes', 'r', ({ store }, team) => store.changes(bob, team, 0)],
      ['claimRecent', 'r', ({ store }, team) => store.claimRecent(bob, team)],
      ['annotations', 'r', ({ store }, team) => store.annotations.list(bob, 'ann', team.mailboxId)],
      [
        'a private annotation',
        'r',
        ({ store }, team) =>
          store.annotations.set(bob, 'ann', team.mailboxId, [{ entry: '/private/x', value: Buffer.from('1') }]),
      ],
      [
        'a shared annotation',
        'rw',
        ({ store }, team) =>
          store.annotations.set(bob, 'ann', team.mailboxId, [{ entry: '/shared/x', value: Buffer.from('1') }]),
      ],
      [
        'append',
        'i',
        async (bench, team) => {
          const message = await bench.stage(simple('three'));
          return bench.store.append(bob, team, [{ message, keywords: [], internalDate: 0 }]);
        },
      ],
      ['setKeywords', 'rw', ({ store }, team) => store.setKeywords(bob, team, ALL, { mode: 'add', keywords: ['x'] })],
      ['copy', 'ri', ({ store }, team) => store.copy(bob, team, ALL, team.mailboxId)],
      ['move', 'rite', ({ store }, team) => store.move(bob, team, ALL, team.mailboxId)],
      ['expunge', 're', ({ store }, team) => store.expunge(bob, team, ALL)],
      ['expunge any', 'rte', ({ store }, team) => store.expunge(bob, team, ALL, { any: true })],
      ['createMailbox', 'k', ({ store }) => store.createMailbox(bob, 'ann', 'team/new')],
      ['renameMailbox', 'xk', ({ store }) => store.renameMailbox(bob, 'ann', 'team/old', 'team/new')],
      ['deleteMailbox', 'x', ({ store }) => store.deleteMailbox(bob, 'ann', 'team')],
      ['grants', 'a', ({ store }, team) => store.sharing.grants(bob, team)],
      [
        'a grant',
        'a',
        ({ store }, team) => store.sharing.change(bob, team, 'zoe@elsewhere.example', { mode: 'add', rights: 'l' }),
      ],
    ];
    for (const [what, rights, act] of needs)
      it(`${what} needs ${rights}, each of it`, () =>
        withPeople(async (bench, team) => {
          const { store } = bench;
          await rejects(act(bench, team), 'mailboxNotFound');
          await grant(store, team, `l${rights}`);
          await store.createMailbox(acting('ann'), 'ann', 'team/old');
          for (const right of rights) {
            const { id } = await store.mailbox(context, 'ann', 'team/old');
            for (const mailboxId of [team.mailboxId, id])
              await grant(store, { accountId: 'ann', mailboxId }, `l${rights.replace(right, '')}`);
            await rejects(act(bench, team), 'notPermitted');
          }
          const { id } = await store.mailbox(context, 'ann', 'team/old');
          for (const mailboxId of [team.mailboxId, id])
            await grant(store, { accountId: 'ann', mailboxId }, `l${rights}`);
          await act(bench, team);
        }));

    it('leaves the account itself to its owner', () =>
      withPeople(async (bench, team) => {
        const { store } = bench;
        await grant(store, team, 'lrswipkxtea');
        await rejects(store.account(bob, 'ann'), 'accountNotFound');
        await rejects(store.subscriptions(bob, 'ann'), 'accountNotFound');
        await rejects(store.setSubscribed(bob, 'ann', 'x', true), 'accountNotFound');
        await rejects(store.scripts.list(bob, 'ann'), 'accountNotFound');
        await rejects(store.annotations.list(bob, 'ann', null), 'accountNotFound');
        await rejects(
          store.annotations.set(bob, 'ann', null, [{ entry: '/shared/x', value: null }]),
          'accountNotFound',
        );
        await rejects(store.createMailbox(bob, 'ann', 'top'), 'notPermitted');
        await rejects(store.removeAccount(bob, 'ann'), 'accountNotFound');
        assert.deepEqual(
          (await store.mailboxes(bob, 'ann')).map(({ name }) => name),
          ['team'],
        );
      }));

    it('never crosses partners, and `anyone` is the owner’s domain', () =>
      withPeople(async ({ store }, team) => {
        await rejects(grant(store, team, 'lr', 'eve@example.com'), 'granteeNotFound');
        await rejects(grant(store, team, 'lr', 'nobody@example.com'), 'granteeNotFound');
        await rejects(grant(store, team, 'lr', 'ann@example.com'), 'granteeNotFound');
        await grant(store, team, 'lr', 'Anyone');
        assert.equal(await store.sharing.rights(bob, team), 'lr');
        for (const stranger of [acting('eve', 'partner-2'), acting('eve'), acting('zoe'), acting('nobody')]) {
          assert.equal(await store.sharing.rights(stranger, team), '');
          assert.deepEqual(await store.sharing.shared(stranger), []);
          await rejects(store.uids(stranger, team), 'mailboxNotFound');
        }
      }));

    it('lets one change only the flags one may', () =>
      withPeople(async (bench, team) => {
        const { store } = bench;
        await store.setKeywords(context, team, ALL, { mode: 'add', keywords: ['$flagged'] });
        const keywords = async () =>
          (await bench.messages('ann', team.mailboxId)).map(({ keywords }) => keywords.join(' '));
        await grant(store, team, 'lrs');
        await store.setKeywords(bob, team, [{ first: 1, last: 1 }], {
          mode: 'replace',
          keywords: ['$seen', '$deleted'],
        });
        assert.deepEqual(await keywords(), ['$flagged $seen', '$flagged']);
        await grant(store, team, 'lrw');
        await store.setKeywords(bob, team, ALL, { mode: 'replace', keywords: ['$junk'] });
        assert.deepEqual(await keywords(), ['$junk $seen', '$junk']);
      }));

    it('is listed, added to, taken from, inherited and taken back', () =>
      withPeople(async ({ store }, team) => {
        const ann = acting('ann');
        const grants = async (mailboxId = team.mailboxId) =>
          (await store.sharing.grants(ann, { ...team, mailboxId }))
            .map(({ grantee, rights }) => `${grantee}=${rights}`)
            .join(' ');
        await grant(store, team, 'rl');
        await store.sharing.change(ann, team, 'BOB@example.com', { mode: 'add', rights: 'ws' });
        await grant(store, team, 'l', 'anyone');
        assert.equal(await grants(), 'anyone=l bob@example.com=lrsw');
        const child = await store.createMailbox(ann, 'ann', 'team/child');
        assert.equal(await grants(child.id), 'anyone=l bob@example.com=lrsw');
        await store.sharing.change(ann, team, 'bob@example.com', { mode: 'remove', rights: 'lrsw' });
        await grant(store, team, '', 'anyone');
        assert.equal(await grants(), '');
        await rejects(store.uids(bob, team), 'mailboxNotFound');
        await store.removeAccount(context, 'bob');
        assert.equal(await grants(child.id), 'anyone=l');
      }));

    it('keeps private annotations apart, and travels with its account', () =>
      withPeople(async ({ store }, team) => {
        await grant(store, team, 'lr');
        const set = (who: string, text: string) =>
          store.annotations.set(acting(who), 'ann', team.mailboxId, [
            { entry: '/private/x', value: Buffer.from(text) },
          ]);
        await set('ann', 'hers');
        await set('bob', 'his');
        const [his] = await store.annotations.list(bob, 'ann', team.mailboxId);
        assert.equal(String(his?.value), 'his');
        await store.transfer.importAccount(context, store.transfer.exportAccount(context, 'ann'), {
          accountId: 'new',
          email: 'new@example.com',
        });
        await store.transfer.admitAccount(context, 'new');
        assert.equal(await store.sharing.rights(bob, { ...team, accountId: 'new' }), 'lr');
      }));
  });
}
