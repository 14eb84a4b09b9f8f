import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { KeywordChange, UidRange } from '#mailstore/api';
import { parseMessage } from '#protocol/message';
import { ALL, type Bench, context, flat, type OpenStore, rejects, simple, withStore } from './harness.ts';

async function filled(bench: Bench, count: number): Promise<{ readonly accountId: 'a'; readonly mailboxId: number }> {
  const inbox = await bench.account('a');
  for (let i = 1; i <= count; i++) await bench.append(inbox, 'a', simple(`m${i}`), i % 2 ? [] : ['$seen']);
  return { accountId: 'a', mailboxId: inbox.id };
}

const MULTIPART = [
  'From: =?utf-8?q?J=C3=BCrgen?= <j@example.com>, "A, B" <ab@example.com>',
  'To: team: x@example.com, y@example.com;',
  'Subject: =?utf-8?b?w6Ryemc=?=',
  'Date: Mon, 7 Feb 1994 21:52:25 -0800',
  'Message-ID: <m@x>',
  'In-Reply-To: <p@x>',
  'References: <o@x> <p@x>',
  'MIME-Version: 1.0',
  'Content-Type: multipart/mixed; boundary="b"',
  '',
  '--b',
  'Content-Type: text/plain; charset=utf-8',
  'Content-Disposition: inline; filename="n.txt"',
  ...['Content-Language: de, en', 'Content-ID: <cid@x>', 'Content-MD5: abc'],
  'Content-Location: http://x/',
  'Content-Description: d',
  '',
  'words',
  '--b',
  'Content-Type: message/rfc822',
  '',
  'From: inner@example.com',
  'Subject: inner',
  '',
  'deep',
  '--b--',
  '',
].join('\r\n');

export function messagesContract(open: OpenStore): void {
  describe('messages: append', () => {
    it('gives rising uids and ids, all in one modSeq', () =>
      withStore(open, async (bench) => {
        const inbox = await bench.account('a');
        const ref = { accountId: 'a', mailboxId: inbox.id };
        const before = await bench.store.account(context, 'a');
        const items = await Promise.all(
          ['one', 'two', 'three'].map(async (subject, i) => ({
            ...{ message: await bench.stage(simple(subject)), keywords: ['$Seen', 'b', 'a', 'A'], internalDate: i },
          })),
        );
        const added = await bench.store.append(context, ref, items);
        assert.deepEqual(
          added.map(({ uid }) => uid),
          [1, 2, 3],
        );
        const found = await bench.messages('a', inbox.id);
        assert.deepEqual(
          found.map(({ messageId }) => messageId),
          added.map(({ messageId }) => messageId),
        );
        assert.deepEqual(
          found.map(({ internalDate }) => internalDate),
          [0, 1, 2],
        );
        assert.deepEqual(found[0]?.keywords, ['$seen', 'a', 'b']);
        assert.deepEqual(new Set(found.map(({ modSeq }) => modSeq)), new Set([before.modSeq + 1]));
        assert.equal((await bench.mailbox('a', 'INBOX')).modSeq, before.modSeq + 1);
        assert.deepEqual(await bench.store.append(context, ref, []), []);
        assert.equal((await bench.store.account(context, 'a')).modSeq, before.modSeq + 1);
      }));

    it('all of it or none of it', () =>
      withStore(open, async (bench) => {
        const size = simple('x').length;
        const inbox = await bench.account('a', { quotaBytes: 2 * size });
        const ref = { accountId: 'a', mailboxId: inbox.id };
        const message = await bench.stage(simple('x'));
        const item = { message, keywords: [], internalDate: 0 };
        await rejects(bench.store.append(context, ref, [item, item, item]), 'overQuota');
        await rejects(bench.store.append(context, ref, [item, { ...item, keywords: ['a b'] }]), 'keywordInvalid');
        await rejects(bench.store.append(context, { ...ref, mailboxId: 999 }, [item]), 'mailboxNotFound');
        const many = Array.from({ length: 101 }, (_, i) => `k${i}`);
        await rejects(bench.store.append(context, ref, [{ ...item, keywords: many }]), 'limitExceeded');
        assert.equal((await bench.mailbox('a', 'INBOX')).uidNext, 1);
        await bench.store.append(context, ref, [item, item]);
        assert.equal((await bench.store.account(context, 'a')).usedBytes, 2 * size);
      }));

    it('what was computed of a message is what the parser said', () =>
      withStore(open, async (bench) => {
        const inbox = await bench.account('a');
        await bench.append(inbox, 'a', MULTIPART);
        await bench.append(inbox, 'a', 'no header at all');
        const [rich, poor] = await bench.messages('a', inbox.id);
        for (const [message, text] of [
          [rich, MULTIPART],
          [poor, 'no header at all'],
        ] as const) {
          const parsed = parseMessage(Buffer.from(text));
          assert.deepEqual(message?.envelope, parsed.envelope);
          assert.deepEqual(message?.body, parsed.body);
          assert.equal(message?.preview, parsed.preview);
        }
        const bare = await flat(bench.store.messages(context, { accountId: 'a', mailboxId: inbox.id }, ALL, {}));
        assert(bare.every((message) => !('envelope' in message) && !('body' in message)));
      }));
  });

  describe('messages: reading', () => {
    for (const [ranges, expected] of [
      [[], []],
      [ALL, [1, 3, 4, 5]],
      [[{ first: 3, last: 4 }], [3, 4]],
      [[{ first: 4, last: 3 }], [3, 4]],
      [
        [
          { first: 5, last: 5 },
          { first: 1, last: 1 },
        ],
        [1, 5],
      ],
      [
        [
          { first: 1, last: 4 },
          { first: 3, last: 9 },
        ],
        [1, 3, 4, 5],
      ],
      [[{ first: 2, last: 2 }], []],
      [[{ first: 6, last: Infinity }], []],
      [[{ first: Infinity, last: 5 }], [5]],
    ] as const satisfies readonly (readonly [readonly UidRange[], readonly number[]])[]) {
      it(`ranges ${JSON.stringify(ranges)} are ${JSON.stringify(expected)}`, () =>
        withStore(open, async (bench) => {
          const ref = await filled(bench, 5);
          await bench.store.expunge(context, ref, [{ first: 2, last: 2 }], { any: true });
          const summaries = await flat(bench.store.flags(context, ref, ranges));
          assert.deepEqual(
            summaries.map(({ uid }) => uid),
            expected,
          );
          const messages = await flat(bench.store.messages(context, ref, ranges, {}));
          assert.deepEqual(
            messages.map(({ uid }) => uid),
            expected,
          );
        }));
    }

    it('long lists come whole and in order', () =>
      withStore(open, async (bench) => {
        const inbox = await bench.account('a');
        const ref = { accountId: 'a', mailboxId: inbox.id };
        const message = await bench.stage(simple('x'));
        const item = { message, keywords: [], internalDate: 0 };
        await bench.store.append(
          context,
          ref,
          Array.from({ length: 2_500 }, () => item),
        );
        const expected = Array.from({ length: 2_500 }, (_, i) => i + 1);
        assert.deepEqual(await bench.uids('a', inbox.id), expected);
        assert.deepEqual(
          (await flat(bench.store.flags(context, ref, ALL))).map(({ uid }) => uid),
          expected,
        );
        assert.deepEqual(
          (await bench.messages('a', inbox.id)).map(({ uid }) => uid),
          expected,
        );
        const odd = expected.filter((uid) => uid % 2).map((uid) => ({ first: uid, last: uid }));
        assert.equal((await flat(bench.store.flags(context, ref, odd))).length, 1_250);
        assert.equal((await bench.store.changes(context, ref, 0)).changed.length, 2_500);
        // Bulk changes, in as many commits as it takes.
        const to = await bench.store.createMailbox(context, 'a', 'to');
        const set = await bench.store.setKeywords(context, ref, ALL, { mode: 'add', keywords: ['x'] });
        assert.equal(set.changed.length, 2_500);
        const copied = await bench.store.copy(context, ref, odd, to.id);
        assert.deepEqual(
          copied.source,
          odd.map(({ first }) => first),
        );
        assert.deepEqual(copied.target, expected.slice(0, 1_250));
        const moved = await bench.store.move(context, ref, ALL, to.id);
        assert.deepEqual(moved.source, expected);
        assert.equal((await bench.mailbox('a', 'INBOX')).messages, 0);
        const counted = await bench.mailbox('a', to.id);
        assert.deepEqual([counted.messages, counted.sizeBytes], [3_750, 3_750 * message.size]);
        const gone = await bench.store.expunge(context, { ...ref, mailboxId: to.id }, ALL, { any: true });
        assert.equal(gone.uids.length, 3_750);
        assert.equal((await bench.store.account(context, 'a')).usedBytes, 0);
        assert.equal((await bench.store.account(context, 'a')).messages, 0);
      }));

    it('\\Recent is claimed once', () =>
      withStore(open, async (bench) => {
        const ref = await filled(bench, 2);
        const { modSeq } = await bench.store.account(context, 'a');
        assert.equal((await bench.mailbox('a', ref.mailboxId)).recentUid, 1);
        assert.equal(await bench.store.claimRecent(context, ref), 1);
        assert.equal(await bench.store.claimRecent(context, ref), 3);
        assert.equal((await bench.mailbox('a', ref.mailboxId)).recentUid, 3);
        await bench.append(await bench.mailbox('a', 'INBOX'), 'a', simple('new'));
        const claims = await Promise.all([1, 2, 3].map(() => bench.store.claimRecent(context, ref)));
        assert.deepEqual(claims.sort(), [3, 4, 4]);
        assert.equal((await bench.store.account(context, 'a')).modSeq, modSeq + 1);
      }));
  });

  describe('messages: keywords', () => {
    for (const [change, expected] of [
      [{ mode: 'add', keywords: ['$Seen', 'Work'] }, ['$flagged', '$seen', 'work']],
      [{ mode: 'remove', keywords: ['$FLAGGED', 'absent'] }, []],
      [{ mode: 'replace', keywords: ['z', 'y'] }, ['y', 'z']],
      [{ mode: 'replace', keywords: [] }, []],
    ] as const satisfies readonly (readonly [KeywordChange, readonly string[]])[]) {
      it(`${change.mode} ${JSON.stringify(change.keywords)}`, () =>
        withStore(open, async (bench) => {
          const inbox = await bench.account('a');
          const ref = { accountId: 'a', mailboxId: inbox.id };
          await bench.append(inbox, 'a', simple('x'), ['$flagged']);
          const before = (await bench.store.account(context, 'a')).modSeq;
          const { changed, modified } = await bench.store.setKeywords(context, ref, ALL, change);
          assert.deepEqual(modified, []);
          assert.deepEqual(
            changed.map(({ keywords, modSeq }) => [keywords, modSeq]),
            [[expected, before + 1]],
          );
          const [flags] = await flat(bench.store.flags(context, ref, ALL));
          const stored = { ...flags, messageId: (await bench.messages('a', ref.mailboxId))[0]?.messageId };
          assert.deepEqual(changed, [{ ...stored, previousModSeq: before }]);
          // A change that changes nothing raises nothing, and reports the message all the same.
          const again = await bench.store.setKeywords(context, ref, ALL, change);
          assert.deepEqual(again.changed, [{ ...stored, previousModSeq: before + 1 }]);
          assert.equal((await bench.store.account(context, 'a')).modSeq, before + 1);
        }));
    }

    it('counters follow', () =>
      withStore(open, async (bench) => {
        const ref = await filled(bench, 4);
        const counts = async (): Promise<readonly number[]> => {
          const box = await bench.mailbox('a', ref.mailboxId);
          return [box.messages, box.unseen, box.deleted];
        };
        assert.deepEqual(await counts(), [4, 2, 0]);
        await bench.store.setKeywords(context, ref, ALL, { mode: 'add', keywords: ['$deleted', '$seen'] });
        assert.deepEqual(await counts(), [4, 0, 4]);
        await bench.store.setKeywords(context, ref, [{ first: 1, last: 2 }], { mode: 'replace', keywords: ['x'] });
        assert.deepEqual(await counts(), [4, 2, 2]);
        await bench.store.expunge(context, ref, ALL);
        assert.deepEqual(await counts(), [2, 2, 0]);
      }));

    it('unchangedSince leaves alone what changed since', () =>
      withStore(open, async (bench) => {
        const ref = await filled(bench, 3);
        const { modSeq } = await bench.store.account(context, 'a');
        await bench.store.setKeywords(context, ref, [{ first: 2, last: 2 }], { mode: 'add', keywords: ['x'] });
        const change: KeywordChange = { mode: 'add', keywords: ['y'], unchangedSince: modSeq };
        const { changed, modified } = await bench.store.setKeywords(context, ref, ALL, change);
        assert.deepEqual(
          changed.map(({ uid }) => uid),
          [1, 3],
        );
        assert.deepEqual(modified, [2]);
      }));

    for (const keyword of ['', 'a b', 'a(', 'ü', '\\Seen', 'x'.repeat(256), 'a"', 'a]', 'a%'])
      it(`refuses ${JSON.stringify(keyword.slice(0, 10))}`, () =>
        withStore(open, async (bench) => {
          const ref = await filled(bench, 1);
          const change: KeywordChange = { mode: 'add', keywords: [keyword] };
          await rejects(bench.store.setKeywords(context, ref, ALL, change), 'keywordInvalid');
        }));

    it('a message carries so many and no more', () =>
      withStore(
        open,
        async (bench) => {
          const ref = await filled(bench, 1);
          await bench.store.setKeywords(context, ref, ALL, { mode: 'add', keywords: ['a', 'b'] });
          const change: KeywordChange = { mode: 'add', keywords: ['c'] };
          await rejects(bench.store.setKeywords(context, ref, ALL, change), 'limitExceeded');
          const [summary] = await flat(bench.store.flags(context, ref, ALL));
          assert.deepEqual(summary?.keywords, ['a', 'b']);
        },
        { keywordsPerMessageMax: 2 },
      ));
  });

  describe('messages: copy, move, expunge', () => {
    it('a copy is a message of its own that shares the bytes', () =>
      withStore(open, async (bench) => {
        const ref = await filled(bench, 3);
        const archive = await bench.mailbox('a', 'Archive');
        const before = await bench.store.account(context, 'a');
        await bench.clock.advance(5_000);
        const copied = await bench.store.copy(context, ref, [{ first: 2, last: 9 }], archive.id);
        assert.deepEqual(copied, {
          ...{ mailboxId: archive.id, uidValidity: archive.uidValidity, source: [2, 3], target: [1, 2] },
          modSeq: before.modSeq + 1,
        });
        const originals = await bench.messages('a', ref.mailboxId);
        const copies = await bench.messages('a', archive.id);
        for (const [copy, original] of [
          [copies[0]!, originals[1]!],
          [copies[1]!, originals[2]!],
        ] as const) {
          const { uid, messageId, modSeq, savedDate, ...rest } = copy;
          assert.deepEqual({ ...original, ...rest }, original);
          assert.notEqual(messageId, original.messageId);
          assert(savedDate >= original.savedDate && modSeq > original.modSeq && uid > 0);
        }
        const [a, b] = [originals, copies].map((list) => list.reduce((sum, { size }) => sum + size, 0));
        assert.equal((await bench.store.account(context, 'a')).usedBytes, a! + b!);
        await bench.store.setKeywords(context, ref, ALL, { mode: 'replace', keywords: ['mine'] });
        assert.deepEqual(
          (await bench.messages('a', archive.id)).map(({ keywords }) => keywords),
          [['$seen'], []],
        );
      }));

    it('a copy needs room, a move does not', () =>
      withStore(open, async (bench) => {
        const inbox = await bench.account('a', { quotaBytes: simple('m1').length });
        const ref = { accountId: 'a', mailboxId: inbox.id };
        const archive = await bench.mailbox('a', 'Archive');
        await bench.append(inbox, 'a', simple('m1'));
        await rejects(bench.store.copy(context, ref, ALL, archive.id), 'overQuota');
        assert.deepEqual(await bench.uids('a', archive.id), []);
        assert.deepEqual((await bench.store.move(context, ref, ALL, archive.id)).target, [1]);
      }));

    it('a moved message is the same message in another place', () =>
      withStore(open, async (bench) => {
        const ref = await filled(bench, 3);
        const archive = await bench.mailbox('a', 'Archive');
        const [, original] = await bench.messages('a', ref.mailboxId);
        const before = await bench.store.account(context, 'a');
        const moved = await bench.store.move(context, ref, [{ first: 2, last: 2 }], archive.id);
        assert.deepEqual([moved.source, moved.target, moved.modSeq], [[2], [1], before.modSeq + 1]);
        const [there] = await bench.messages('a', archive.id);
        assert.equal(there?.messageId, original?.messageId);
        assert.equal(there?.blobId, original?.blobId);
        assert.deepEqual(there?.keywords, ['$seen']);
        assert.deepEqual(await bench.uids('a', ref.mailboxId), [1, 3]);
        assert.equal((await bench.store.account(context, 'a')).usedBytes, before.usedBytes);
        const changes = await bench.store.changes(context, ref, before.modSeq);
        assert.deepEqual(changes.vanished, [{ uid: 2, modSeq: moved.modSeq }]);
      }));

    it('within one mailbox both give new uids', () =>
      withStore(open, async (bench) => {
        const ref = await filled(bench, 2);
        assert.deepEqual((await bench.store.copy(context, ref, ALL, ref.mailboxId)).target, [3, 4]);
        assert.deepEqual((await bench.store.move(context, ref, [{ first: 1, last: 2 }], ref.mailboxId)).target, [5, 6]);
        assert.deepEqual(await bench.uids('a', ref.mailboxId), [3, 4, 5, 6]);
      }));

    it('of nothing they are nothing, into nowhere they are refused', () =>
      withStore(open, async (bench) => {
        const ref = await filled(bench, 1);
        const archive = await bench.mailbox('a', 'Archive');
        const { modSeq } = await bench.store.account(context, 'a');
        const none = { mailboxId: archive.id, uidValidity: archive.uidValidity, source: [], target: [], modSeq };
        for (const ranges of [[], [{ first: 7, last: 9 }], [{ first: 700, last: Infinity }]]) {
          assert.deepEqual(await bench.store.copy(context, ref, ranges, archive.id), none);
          assert.deepEqual(await bench.store.move(context, ref, ranges, archive.id), none);
        }
        for (const ranges of [[], ALL]) {
          await rejects(bench.store.copy(context, ref, ranges, 999), 'mailboxNotFound');
          await rejects(bench.store.move(context, ref, ranges, 999), 'mailboxNotFound');
          await rejects(bench.store.copy(context, { ...ref, mailboxId: 999 }, ranges, archive.id), 'mailboxNotFound');
        }
        assert.deepEqual(await bench.uids('a', ref.mailboxId), [1]);
      }));

    it('expunge takes what is marked, or all it is told to', () =>
      withStore(open, async (bench) => {
        const ref = await filled(bench, 5);
        await bench.store.setKeywords(context, ref, [{ first: 2, last: 4 }], { mode: 'add', keywords: ['$deleted'] });
        const { modSeq } = await bench.store.account(context, 'a');
        assert.deepEqual(await bench.store.expunge(context, ref, [{ first: 1, last: 3 }]), {
          uids: [2, 3],
          modSeq: modSeq + 1,
        });
        const none = await bench.store.expunge(context, ref, [{ first: 1, last: 1 }]);
        assert.deepEqual(none, { uids: [], modSeq: modSeq + 1 });
        assert.deepEqual((await bench.store.expunge(context, ref, [{ first: 5, last: 5 }], { any: true })).uids, [5]);
        assert.deepEqual(await bench.uids('a', ref.mailboxId), [1, 4]);
        // Uids are never used again.
        assert.equal(await bench.append(await bench.mailbox('a', 'INBOX'), 'a', simple('next')), 6);
      }));
  });
}
