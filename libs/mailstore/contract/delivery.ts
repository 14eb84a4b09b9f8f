import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Delivery, DeliveryTarget } from '#mailstore/api';
import { type Bench, context, type OpenStore, rejects, simple, spec, withStore } from './harness.ts';

async function deliver(bench: Bench, text: string, targets: readonly DeliveryTarget[], more: Partial<Delivery> = {}) {
  const message = await bench.stage(text);
  return bench.store.deliver(context, { message, receivedAt: 1_700_000_000_000, targets, queue: [], ...more });
}

export function deliveryContract(open: OpenStore): void {
  describe('delivery', () => {
    it('makes the account and puts the message where it belongs', () =>
      withStore(open, async (bench) => {
        const outcomes = await deliver(bench, simple('hello'), [
          { account: spec('a') },
          { account: spec('b'), mailbox: 'Lists/rookery', keywords: ['$Flagged', 'todo'] },
          { account: spec('a'), mailbox: 'inbox' },
        ]);
        assert.deepEqual(
          outcomes.map(({ ok }) => ok),
          [true, true, true],
        );
        const lists = await bench.mailbox('b', 'Lists/rookery');
        assert(lists.subscribed && (await bench.mailbox('b', 'Lists')).subscribed);
        const [message] = await bench.messages('b', lists.id);
        assert.deepEqual(message?.keywords, ['$flagged', 'todo']);
        assert.equal(message?.internalDate, 1_700_000_000_000);
        assert.equal(message?.savedDate, bench.clock.now());
        assert.equal(message?.size, simple('hello').length);
        assert.equal(message?.envelope?.subject, 'hello');
        assert.equal(await bench.text(message!.blobId), simple('hello'));
        const inbox = await bench.mailbox('a', 'INBOX');
        assert.deepEqual(await bench.uids('a', inbox.id), [1, 2]);
        const [first, second, third] = outcomes;
        assert(first?.ok && second?.ok && third?.ok);
        assert.deepEqual([first.uid, second.uid, third.uid], [1, 1, 2]);
        assert.equal(first.mailboxId, inbox.id);
        assert.equal(second.mailboxId, lists.id);
        assert.notEqual(first.messageId, third.messageId);
        // One commit, one modSeq an account.
        assert.equal(first.modSeq, third.modSeq);
        assert.equal(first.modSeq, (await bench.store.account(context, 'a')).modSeq);
      }));

    it('an account over quota refuses for itself alone', () =>
      withStore(open, async (bench) => {
        const size = simple('x').length;
        const tight = spec('tight', { quotaBytes: size });
        const targets = [{ account: tight }, { account: spec('b') }];
        assert.deepEqual(
          (await deliver(bench, simple('x'), targets)).map(({ ok }) => ok),
          [true, true],
        );
        const before = await bench.store.account(context, 'tight');
        const outcomes = await deliver(bench, simple('x'), targets);
        assert.deepEqual(outcomes[0], { ok: false, error: 'overQuota' });
        assert.equal(outcomes[1]?.ok, true);
        assert.deepEqual(await bench.store.account(context, 'tight'), before);
        const roomy = [{ account: { ...tight, quotaBytes: 2 * size } }];
        assert.equal((await deliver(bench, simple('x'), roomy))[0]?.ok, true);
      }));

    for (const name of ['', '/', 'a//b', 'bad\u0001', '#news', 'a*', 'x'.repeat(2_000)]) {
      it(`a mailbox that cannot be, ${JSON.stringify(name.slice(0, 10))}, costs nothing: the message goes to INBOX`, () =>
        withStore(open, async (bench) => {
          const [outcome] = await deliver(bench, simple('x'), [{ account: spec('a'), mailbox: name }]);
          assert(outcome?.ok);
          assert.equal(outcome.mailboxId, (await bench.mailbox('a', 'INBOX')).id);
        }));
    }

    it('no room for another mailbox is no reason to refuse mail', () =>
      withStore(
        open,
        async (bench) => {
          const [outcome] = await deliver(bench, simple('x'), [{ account: spec('a'), mailbox: 'one/more' }]);
          assert(outcome?.ok);
          assert.equal(outcome.mailboxId, (await bench.mailbox('a', 'INBOX')).id);
          assert.equal((await bench.store.mailboxes(context, 'a')).length, 6);
        },
        { mailboxesMax: 7 },
      ));

    it('a bad keyword refuses the whole commit', () =>
      withStore(open, async (bench) => {
        const targets = [{ account: spec('a') }, { account: spec('b'), keywords: ['no good'] }];
        await rejects(deliver(bench, simple('x'), targets), 'keywordInvalid');
        await rejects(bench.store.account(context, 'a'), 'accountNotFound');
      }));

    it('bytes are counted for each account that holds them', () =>
      withStore(open, async (bench) => {
        const size = simple('x').length;
        await deliver(bench, simple('x'), [
          { account: spec('a') },
          { account: spec('a') },
          { account: spec('b', { partnerId: 'partner-2' }) },
        ]);
        assert.equal((await bench.store.account(context, 'a')).usedBytes, 2 * size);
        assert.equal((await bench.store.account(context, 'a')).messages, 2);
        assert.deepEqual(
          [...(await bench.store.usageBytes())].sort((x, y) => x.partnerId.localeCompare(y.partnerId)),
          [
            { partnerId: 'partner-1', bytes: 2 * size, coldBytes: 0 },
            { partnerId: 'partner-2', bytes: size, coldBytes: 0 },
          ],
        );
        assert.equal(bench.store.health().messagesStored, 3);
      }));
  });

  describe('threads', () => {
    const thread = async (bench: Bench, text: string): Promise<string> => {
      const [outcome] = await deliver(bench, text, [{ account: spec('a') }]);
      assert(outcome?.ok);
      const found = await bench.messages('a', outcome.mailboxId, [{ first: outcome.uid, last: outcome.uid }]);
      return found[0]!.threadId;
    };

    it('follow References and In-Reply-To, in any order of arrival', () =>
      withStore(open, async (bench) => {
        const head = (id: string, more = ''): string => simple('t', 'x', `Message-ID: <${id}@x>\r\n${more}`);
        const first = await thread(bench, head('1'));
        assert.equal(await thread(bench, head('2', 'In-Reply-To: <1@x>\r\n')), first);
        assert.equal(await thread(bench, head('3', 'References: <1@x>\r\n <2@x>\r\n')), first);
        const other = await thread(bench, head('4'));
        assert.notEqual(other, first);
        // A reply that overtakes what it answers.
        const early = await thread(bench, head('6', 'In-Reply-To: <5@x>\r\n'));
        assert.equal(await thread(bench, head('5')), early);
        assert.notEqual(await thread(bench, simple('no id')), await thread(bench, simple('no id either')));
        // One that joins two threads goes with the older.
        assert.equal(await thread(bench, head('7', 'References: <4@x> <1@x>\r\n')), first);
      }));

    it('are an account’s own', () =>
      withStore(open, async (bench) => {
        const text = simple('t', 'x', 'Message-ID: <same@x>\r\n');
        await deliver(bench, simple('before'), [{ account: spec('b') }]);
        const outcomes = await deliver(bench, text, [{ account: spec('a') }, { account: spec('b') }]);
        const [a, b] = outcomes;
        assert(a?.ok && b?.ok);
        const reply = simple('r', 'x', 'References: <same@x>\r\n');
        const mine = await thread(bench, reply);
        assert.equal(mine, (await bench.messages('a', a.mailboxId))[0]!.threadId);
      }));
  });
}
