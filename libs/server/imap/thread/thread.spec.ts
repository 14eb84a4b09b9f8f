import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { baseSubject, isReplySubject } from '#protocol/message';
import { seededRandom } from '#stdx';
import type { ThreadMessage } from './gather.ts';
import { threadBySubject } from './ordered-subject.ts';
import { threadByReferences } from './references.ts';
import { formatThread, type ThreadNode } from './tree.ts';

type Sketch = readonly [id: string | null, refs: string, subject: string | undefined, at: number | undefined];

const m = (id: string | null, refs = '', subject?: string, at?: number): Sketch => [id, refs, subject, at];

/** Messages numbered from 1; without a date each is later than the one before, without a subject it has its own. */
function messagesOf(sketches: readonly Sketch[]): ThreadMessage[] {
  return sketches.map(([messageId, refs, given, at], i) => {
    const subject = given ?? `own ${i}`;
    return {
      uid: i + 1,
      sentAt: at ?? i,
      subject: baseSubject(subject).toLowerCase(),
      isReply: isReplySubject(subject),
      messageId,
      references: refs === '' ? [] : refs.split(' '),
    };
  });
}

const written = (threads: readonly ThreadNode[]): string =>
  threads.map((root) => formatThread(root, ({ uid }) => uid)).join('');

describe('threads by references', () => {
  const rows: readonly (readonly [what: string, messages: readonly Sketch[], expected: string])[] = [
    ['nothing', [], ''],
    ['strangers', [m('a'), m('b')], '(1)(2)'],
    ['a row of replies', [m('a'), m('b', 'a'), m('c', 'a b')], '(1 2 3)'],
    ['two replies to one', [m('a'), m('b', 'a'), m('c', 'a'), m('d', 'a b')], '(1 (2 4)(3))'],
    ['replies before what they answer', [m('c', 'a b'), m('b', 'a'), m('a')], '(3 2 1)'],
    ['a parent that is not there', [m('b', 'x'), m('a'), m('c', 'x')], '((1)(3))(2)'],
    ['one reply to a parent that is not there', [m('b', 'x'), m('a')], '(1)(2)'],
    ['an ancestor between that is not there', [m('a'), m('c', 'a x')], '(1 2)'],
    ['ancestors above that are not there', [m('b', 'x y'), m('c', 'x z')], '((1)(2))'],
    ['siblings by date', [m('a'), m('b', 'a', undefined, 9), m('c', 'a', undefined, 5)], '(1 (3)(2))'],
    ['threads by the date of their root', [m('a', '', undefined, 9), m('b', 'a', undefined, 1), m('c')], '(3)(1 2)'],
    ['an id given twice', [m('a'), m('a'), m('b', 'a')], '(1 3)(2)'],
    ['no ids at all', [m(null), m(null)], '(1)(2)'],
    ['itself', [m('a', 'a')], '(1)'],
    ['each other', [m('a', 'b'), m('b', 'a')], '(2 1)'],
    ['in a circle', [m('a', 'c'), m('b', 'a'), m('c', 'b')], '(3 1 2)'],
    ['a shortened field is put right', [m('c', 'a'), m('b', 'a'), m('d', 'a b c'), m('a')], '(4 (1 3)(2))'],
    ['the same subject without references', [m('a', '', 'tea'), m('b', '', 'Re: tea')], '(1 2)'],
    ['two beginnings of one subject', [m('a', '', 'tea'), m('b', '', 'tea')], '((1)(2))'],
    ['three of one subject', [m('a', '', 'tea'), m('b', '', 'tea'), m('c', '', 'Re: tea')], '((1)(2)(3))'],
    ['a reply before its subject', [m('a', '', 'Re: tea', 1), m('b', '', 'tea', 2)], '(2 1)'],
    [
      'two gathered threads of one subject',
      [m('a', 'x', 'tea'), m('b', 'x', 'tea'), m('c', 'y', 'tea'), m('d', 'y', 'tea')],
      '((1)(2)(3)(4))',
    ],
    ['no subject joins nobody', [m('a', '', ''), m('b', '', '')], '(1)(2)'],
    [
      'the example of RFC 5256 §4',
      [
        m('a'),
        m('b', 'a', undefined, 2),
        m('c', 'b', undefined, 3),
        m('d', 'b', undefined, 4),
        m('e', 'd', undefined, 5),
        m('f', 'd', undefined, 6),
      ],
      '(1 2 (3)(4 (5)(6)))',
    ],
  ];
  for (const [what, sketches, expected] of rows)
    it(what, async () => assert.equal(written(await threadByReferences(messagesOf(sketches))), expected));

  it('holds every message once, whatever refers to whatever', async () => {
    const random = seededRandom(12);
    const pick = (n: number): number => Math.floor(random.fraction() * n);
    for (let round = 0; round < 500; round++) {
      const count = 1 + pick(12);
      const sketches = Array.from({ length: count }, () =>
        m(
          pick(8) === 0 ? null : `m${pick(10)}`,
          Array.from({ length: pick(4) }, () => `m${pick(10)}`).join(' '),
          ['', 'tea', 'Re: tea', 'milk', 'Fwd: milk'][pick(5)]!,
          pick(10),
        ),
      );
      const line = written(await threadByReferences(messagesOf(sketches)));
      const numbers = (line.match(/\d+/g) ?? []).map(Number).sort((a, b) => a - b);
      assert.deepEqual(
        numbers,
        sketches.map((_, i) => i + 1),
        `${JSON.stringify(sketches)}: ${line}`,
      );
      assert.match(line, /^(\((?!\))[\d ()]*\))*$/);
    }
  });

  it('takes discussions as deep, and as broad, as there are messages', async () => {
    const deep = Array.from({ length: 30_000 }, (_, i) => m(`m${i}`, i === 0 ? '' : `m${i - 1}`));
    assert.ok(written(await threadByReferences(messagesOf(deep))).startsWith('(1 2 3 4 '));
    const forked = deep.flatMap((each, i) => [each, m(`n${i}`, `m${i}`)]);
    assert.ok(written(await threadByReferences(messagesOf(forked))).startsWith('(1 (2)(3 (4)(5 '));
    const broad = Array.from({ length: 30_000 }, (_, i) => m(`m${i}`, i === 0 ? '' : 'm0'));
    assert.ok(written(await threadByReferences(messagesOf(broad))).startsWith('(1 (2)(3)(4)'));
    const backwards = [...deep].reverse();
    assert.equal(written(await threadByReferences(messagesOf(backwards))).match(/\d+/g)?.length, deep.length);
  });
});

describe('threads by subject', () => {
  for (const [what, sketches, expected] of [
    ['nothing', [], ''],
    [
      'by date, the first is the root',
      [m('a', '', 'Re: tea', 5), m('b', '', 'tea', 9), m('c', '', 'milk', 1)],
      '(3)(1 2)',
    ],
    ['replies are siblings', [m('a', '', 'tea'), m('b', '', 'Fwd: tea'), m('c', '', '[x] TEA')], '(1 (2)(3))'],
  ] as const)
    it(what, async () => assert.equal(written(await threadBySubject(messagesOf(sketches))), expected));
});
