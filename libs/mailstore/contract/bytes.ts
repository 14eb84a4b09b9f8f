import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, it } from 'node:test';
import { collect, seededRandom } from '#stdx';
import { gone } from './accounts.ts';
import { ALL, context, type OpenStore, rejects, simple, spec, withStore } from './harness.ts';

/** Deleted messages hold nothing. */
const KEPT_NO_TIME = { deletedKeepMs: 0 };

async function* chunks(bytes: Buffer, size: number): AsyncIterable<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

export function bytesContract(open: OpenStore): void {
  describe('bytes', () => {
    it('are counted message by message', () =>
      withStore(open, async (bench) => {
        const inbox = await bench.account('a');
        const texts = [simple('one'), simple('two', 'longer '.repeat(20)), simple('three')];
        for (const text of texts) await bench.append(inbox, 'a', text);
        const ref = { accountId: 'a', mailboxId: inbox.id };
        await bench.store.expunge(context, ref, [{ first: 1, last: 1 }], { any: true });
        const { uids, sizes } = await bench.store.sizes(context, ref);
        assert.deepEqual([...uids], [2, 3]);
        assert.deepEqual([...sizes], [texts[1]?.length, texts[2]?.length]);
        await rejects(bench.store.sizes(context, { accountId: 'a', mailboxId: 99 }), 'mailboxNotFound');
      }));

    for (const [what, size] of [
      ['nothing', 0],
      ['one byte', 1],
      ['10 KB', 10_240],
      ['a megabyte and one byte', 1_048_577],
      ['5 MB', 5_000_000],
    ] as const) {
      it(`${what} comes back byte for byte, whole and in ranges`, () =>
        withStore(open, async (bench) => {
          const { store } = bench;
          const bytes = seededRandom(size).bytes(size);
          const { staged, text } = await stored(bytes, 7_919);
          assert.equal(staged.size, size);
          assert.equal(staged.parsed.size, size);
          assert.equal(staged.blobId, createHash('sha256').update(bytes).digest('hex'));
          assert.equal(await text(), bytes.toString('latin1'));
          for (const [start, end] of [
            [0, 1],
            [1, 2],
            [size >> 1, size],
            [size - 1, size + 5],
            [size, size + 1],
            [300_000, 900_000],
          ] as const)
            assert.equal(
              await text(Math.max(0, start), end),
              bytes.toString('latin1', Math.max(0, start), Math.max(0, end)),
            );

          async function stored(content: Buffer, chunk: number) {
            const message = await store.stage(chunks(content, chunk));
            await store.ensureAccount(context, spec('a'));
            await store.append(context, { accountId: 'a', mailboxId: 1 }, [{ message, keywords: [], internalDate: 0 }]);
            message.discard();
            const read = (start?: number, end?: number) => bench.text(message.blobId, start, end);
            return { staged: message, text: read };
          }
        }));
    }

    it('a message of the largest size is taken, one byte more is not', () =>
      withStore(
        open,
        async ({ store }) => {
          (await store.stage(Buffer.alloc(2_000_000))).discard();
          await rejects(store.stage(Buffer.alloc(2_000_001)), 'messageTooLarge');
          await rejects(store.stage(chunks(Buffer.alloc(2_000_001), 1_000)), 'messageTooLarge');
        },
        { messageBytesMax: 2_000_000 },
      ));

    it('a source that fails fails the staging with its own error', () =>
      withStore(open, async ({ store }) => {
        const broken = async function* (size: number): AsyncIterable<Uint8Array> {
          yield Buffer.alloc(size);
          throw new RangeError('client gone');
        };
        await assert.rejects(store.stage(broken(10)), RangeError);
        await assert.rejects(store.stage(broken(1_500_000)), RangeError);
      }));

    it('what is staged reads back before a commit', () =>
      withStore(open, async ({ store }) => {
        for (const size of [0, 1, 10_240, 3_000_000]) {
          const bytes = seededRandom(size).bytes(size);
          const message = await store.stage(chunks(bytes, 9_973));
          for (let again = 0; again < 2; again++)
            assert.ok((await collect(message.bytes(), size)).equals(bytes), `${size} bytes`);
          message.discard();
        }
      }));

    it('the caller may use its buffer again', () =>
      withStore(open, async (bench) => {
        const inbox = await bench.account('a');
        const buffer = Buffer.from(simple('first'));
        const message = await bench.store.stage(buffer);
        buffer.fill(0);
        await bench.store.append(context, { accountId: 'a', mailboxId: inbox.id }, [
          { message, keywords: [], internalDate: 0 },
        ]);
        assert.equal(await bench.text(message.blobId), simple('first'));
      }));

    it('what is staged cannot be read before a commit, nor stored after a discard', () =>
      withStore(open, async (bench) => {
        const inbox = await bench.account('a');
        const ref = { accountId: 'a', mailboxId: inbox.id };
        for (const body of ['small', 'x'.repeat(1_200_000)]) {
          const message = await bench.stage(simple('staged', body));
          await rejects(bench.text(message.blobId), 'messageNotFound');
          message.discard();
          message.discard();
          await rejects(bench.store.append(context, ref, [{ message, keywords: [], internalDate: 0 }]), 'unavailable');
        }
        await rejects(bench.text('0'.repeat(64)), 'messageNotFound');
      }));

    it('one staged message serves several commits, each with its own copy', () =>
      withStore(
        open,
        async (bench) => {
          const inbox = await bench.account('a');
          const ref = { accountId: 'a', mailboxId: inbox.id };
          for (const body of ['small', 'y'.repeat(1_200_000)]) {
            const message = await bench.stage(simple('twice', body));
            const item = { message, keywords: [], internalDate: 0 };
            await bench.store.append(context, ref, [item, item]);
            await bench.store.append(context, ref, [item]);
            message.discard();
            assert.equal((await bench.uids('a', inbox.id)).length, 3);
            assert.equal(await bench.text(message.blobId), simple('twice', body));
            await bench.store.expunge(context, ref, ALL, { any: true });
            await gone(() => bench.text(message.blobId));
          }
        },
        KEPT_NO_TIME,
      ));

    it('bytes live as long as one message holds them', () =>
      withStore(
        open,
        async (bench) => {
          const { store } = bench;
          const a = await bench.account('a');
          const b = await bench.account('b');
          for (const body of ['small', 'z'.repeat(1_200_000)]) {
            await bench.append(a, 'a', simple('shared', body));
            await bench.append(b, 'b', simple('shared', body));
            const [message] = await bench.messages('a', a.id);
            const { blobId } = message!;
            await store.expunge(context, { accountId: 'a', mailboxId: a.id }, ALL, { any: true });
            assert.equal(await bench.text(blobId), simple('shared', body));
            await store.expunge(context, { accountId: 'b', mailboxId: b.id }, ALL, { any: true });
            await gone(() => bench.text(blobId));
            await bench.append(a, 'a', simple('shared', body));
            assert.equal(await bench.text(blobId), simple('shared', body));
            await store.expunge(context, { accountId: 'a', mailboxId: a.id }, ALL, { any: true });
          }
        },
        KEPT_NO_TIME,
      ));
  });
}
