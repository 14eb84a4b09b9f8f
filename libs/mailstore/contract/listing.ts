import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { packBody, packEnvelope } from '#protocol/message';
import { present } from '#stdx';
import { ALL, context, flat, type OpenStore, simple, withStore } from './harness.ts';

const ODD = [
  'From: =?utf-8?q?J=C3=BCrgen?= <j@example.com>, "A, B" <ab@example.com>',
  'Subject: a "quoted" \\ subject',
  'Date: Mon, 7 Feb 1994 21:52:25 -0800',
  'References: <o@x> <p@x>',
  'MIME-Version: 1.0',
  'Content-Type: multipart/mixed; boundary="b"',
  '',
  '--b',
  'Content-Type: text/plain; charset=utf-8',
  '',
  'words',
  '--b--',
  '',
].join('\r\n');

export function listingContract(open: OpenStore): void {
  describe('listing', () => {
    it('narrow looks show what the wide one does', () =>
      withStore(open, async (bench) => {
        const inbox = await bench.account('a');
        const ref = { accountId: 'a', mailboxId: inbox.id };
        const marks = [[], ['$seen'], ['$seen'], ['a,b', 'x'], [], ['$seen', '$flagged'], ['a,b', 'x']];
        for (const [i, keywords] of marks.entries())
          await bench.append(inbox, 'a', i % 2 ? ODD : simple(`m${i}`), keywords);
        await bench.store.setKeywords(context, ref, [{ first: 3, last: 3 }], { mode: 'add', keywords: ['late'] });
        const wide = await flat(bench.store.messages(context, ref, ALL, { envelope: true, body: true }));
        assert.equal(wide.length, marks.length);
        const flags = wide.map(({ uid, modSeq, keywords }) => ({ uid, modSeq, keywords }));
        assert.deepEqual(await flat(bench.store.flags(context, ref, ALL)), flags);
        const narrow = wide.map(({ size, internalDate, savedDate, envelope }, i) => ({
          ...{ ...flags[i], size, internalDate, savedDate, sentAt: envelope?.sentAt ?? null },
        }));
        assert.deepEqual(await flat(bench.store.listing(context, ref, ALL, {})), narrow);
        const envelopes = wide.map(({ envelope }) => packEnvelope(present(envelope, 'envelope')));
        const bodies = wide.map(({ body }) => packBody(present(body, 'body')));
        for (const [envelope, body] of [
          [true, false],
          [false, true],
          [true, true],
        ] as const)
          assert.deepEqual(
            await flat(bench.store.listing(context, ref, ALL, { envelope, body })),
            narrow.map((each, i) => ({
              ...each,
              ...(envelope ? { envelope: envelopes[i] } : {}),
              ...(body ? { body: bodies[i] } : {}),
            })),
          );
      }));

    it('a long mailbox has the uids it has, however it has changed since they were last asked for', () =>
      withStore(open, async (bench) => {
        const inbox = await bench.account('a');
        const ref = { accountId: 'a', mailboxId: inbox.id };
        const message = await bench.stage(simple('x'));
        const item = { message, keywords: [], internalDate: 0 };
        const append = (count: number) => bench.store.append(context, ref, Array<typeof item>(count).fill(item));
        const expunge = (first: number, last = first) =>
          bench.store.expunge(context, ref, [{ first, last }], { any: true });
        await append(1_500);
        const changes: readonly (() => Promise<unknown>)[] = [
          () => append(1),
          () => expunge(3),
          () => expunge(1_501),
          // As many as before, and not the same.
          async () => [await expunge(700), await append(1)],
          async () => [await append(2), await expunge(1_503)],
          () => bench.store.setKeywords(context, ref, ALL, { mode: 'add', keywords: ['x'] }),
          () => expunge(10, 1_400),
          () => append(1_200),
        ];
        for (const change of changes) {
          const asked = await bench.store.uids(context, ref);
          // Who asked may do with them as he likes.
          asked.fill(0);
          await change();
          const expected = (await flat(bench.store.flags(context, ref, ALL))).map(({ uid }) => uid);
          assert.deepEqual([...(await bench.store.uids(context, ref))], expected);
        }
      }));
  });
}
