import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { foldForSearch } from '#mailstore/api';
import { seededRandom } from '#stdx';
import { BlockBuilder } from './block-builder.ts';
import { type BlockParts, BODY, sectionOf } from './block-format.ts';
import { searchBlock, textQuery } from './block-search.ts';
import { compose } from './compose.ts';
import { ByteCursor, ByteList, codeAt, codeLength, pushCode } from './ints.ts';
import { TextBlock } from './text-block.ts';
import { eachToken, isWord } from './tokens.ts';

const random = seededRandom(17);
const below = (n: number): number => Math.floor(random.fraction() * n);
const oneOf = <T>(list: readonly T[]): T => list[below(list.length)]!;

const PIECES = [
  ...[
    'rent',
    'pay',
    'payment',
    'the',
    'a',
    'of',
    'Grüße',
    'STRASSE',
    'Straße',
    'naïve',
    'ΟΔΟΣ',
    'οδός',
    'ΣΊΣΥΦΟΣ',
    'İstanbul',
    'ISTANBUL',
    'ılık',
  ],
  ...[
    '東京',
    '天気',
    '都',
    'ｶﾞｷﾞ',
    'ガギ',
    'ＡＢＣ',
    '한국어',
    '안녕',
    'สวัสดี',
    'ชาวโลก',
    'مرحبا',
    'العربية',
    'مُحَمَّد',
    'мир',
    'ЁЛКА',
    'e\u0301',
    'n\u0303o',
    'ﬁne',
    '①',
    'ǅ',
  ],
  ...[
    '😀',
    '👩‍👩‍👧',
    '\u{20000}',
    '.',
    ',',
    '. ',
    '@',
    '://',
    '-',
    '<',
    '>',
    '(',
    '“q”',
    '\t',
    '\r\n',
    '\r\n ',
    '  ',
    ' ',
    ' ',
    ' ',
    ' ',
    '\u00a0',
    '\u3000',
    '\u00a8',
    '\0',
    '\ud800',
    '\u200d',
  ],
];
const sentence = (length: number): string => Array.from({ length }, () => oneOf(PIECES)).join('');

interface Mail {
  readonly fields: readonly (readonly [name: string, value: string])[];
  readonly body: readonly string[];
}

const mail = (): Mail => ({
  fields: Array.from({ length: below(4) }, () => [oneOf(['subject', 'from', 'x-a', 'received']), sentence(below(8))]),
  body: Array.from({ length: below(3) }, () => sentence(below(oneOf([10, 30, 90])))),
});

function blockOf(mails: readonly Mail[], first = 1): BlockParts {
  const builder = new BlockBuilder();
  for (const [i, { fields, body }] of mails.entries()) {
    for (const [name, value] of fields) {
      builder.piece(sectionOf(name), name);
      builder.text(sectionOf(name), foldForSearch(value));
    }
    for (const piece of body) {
      builder.piece(BODY);
      builder.text(BODY, foldForSearch(piece));
    }
    builder.end(first + i);
  }
  return builder.build();
}

/** The law: some text, folded, includes what is wanted, folded. */
function holds({ fields, body }: Mail, where: 'header' | 'body' | 'text', field: string, wanted: string): boolean {
  const headers = fields.filter(([name]) => where !== 'header' || name === field).map(([, value]) => value);
  const texts = where === 'body' ? body : where === 'header' ? headers : [...headers, ...body];
  return texts.some((text) => foldForSearch(text).includes(foldForSearch(wanted)));
}

function wantedFrom(mails: readonly Mail[]): string {
  if (random.fraction() < 0.3) return sentence(1 + below(3));
  const { fields, body } = oneOf(mails);
  const text = oneOf([...fields.map(([, value]) => value), ...body, ' ']);
  const start = below(text.length);
  return text.slice(start, start + 1 + below(oneOf([2, 6, 20, 200])));
}

const opened = (parts: BlockParts): TextBlock => new TextBlock((part) => parts[part]!);

function assertFinds(parts: BlockParts, mails: readonly Mail[], rounds: number): void {
  const block = opened(parts);
  for (let round = 0; round < rounds; round++) {
    const wanted = round === 0 ? '' : wantedFrom(mails);
    for (const where of ['header', 'body', 'text'] as const)
      for (const field of where === 'header' ? ['subject', 'x-a', 'absent'] : ['']) {
        const found = searchBlock(block, textQuery(where, field, foldForSearch(wanted)));
        const expected = mails.map((one) => (holds(one, where, field, wanted) ? 1 : 0));
        assert.deepEqual([...found], expected, JSON.stringify({ where, field, wanted, mails }));
      }
  }
}

describe('tokens', () => {
  it('are the text, with the spaces between words', () => {
    for (let round = 0; round < 2_000; round++) {
      const text = foldForSearch(sentence(below(20)));
      let again = '';
      let before = '';
      eachToken(text, (token) => {
        again += (isWord(before) && isWord(token) ? ' ' : '') + token;
        before = token;
      });
      assert.equal(again, text);
    }
  });
});

describe('numbers in bytes', () => {
  const numbers = [0, 1, 127, 128, 191, 192, 14_527, 14_528, 473_279, 473_280, 2 ** 24, 2 ** 31, 2 ** 32 - 1];
  it('are read as they were written', () => {
    const bytes = new ByteList();
    for (const number of numbers) pushCode(bytes, number);
    let at = 0;
    for (const number of numbers) {
      assert.equal(codeAt(bytes.taken(), at), number);
      at += codeLength(bytes.taken()[at]!);
    }
    assert.equal(at, bytes.length);
    bytes.clear();
    for (const number of numbers) bytes.varint(number * 4_096);
    const cursor = new ByteCursor(bytes.taken());
    for (const number of numbers) assert.equal(cursor.varint(), number * 4_096);
  });
});

describe('a block', () => {
  it('finds exactly the messages whose texts hold what is wanted', () => {
    for (let round = 0; round < 60; round++) {
      const mails = Array.from({ length: below(oneOf([3, 40, 90])) }, mail);
      if (mails.length > 0) assertFinds(blockOf(mails), mails, 60);
    }
  });

  it('finds the same merged, and without those that have gone', async () => {
    for (let round = 0; round < 20; round++) {
      const mails = Array.from({ length: 30 + below(30) }, mail);
      const cut = below(mails.length);
      const [one, two] = [blockOf(mails.slice(0, cut)), blockOf(mails.slice(cut), cut + 1)];
      const whole = await compose({ blocks: [one, two].map((parts) => ({ parts, alive: undefined })), texts: [] });
      assertFinds(whole.parts, mails, 20);
      const alive = mails.map((_, i) => i + 1).filter(() => random.fraction() < 0.5);
      const rest = await compose({ blocks: [{ parts: whole.parts, alive }], texts: [] });
      assert.deepEqual([...opened(rest.parts).messages], alive);
      if (alive.length > 0)
        assertFinds(
          rest.parts,
          alive.map((message) => mails[message - 1]!),
          20,
        );
    }
  });

  it('knows what it does not hold', async () => {
    const builder = new BlockBuilder();
    builder.end(7, true);
    builder.end(2 ** 32 - 1);
    const again = await compose({ blocks: [{ parts: builder.build(), alive: undefined }], texts: [] });
    const { messages, unread } = opened(again.parts);
    assert.deepEqual(
      [[...messages], [...unread]],
      [
        [7, 2 ** 32 - 1],
        [1, 0],
      ],
    );
  });

  it('takes words of many lengths and numbers', () => {
    const words = Array.from({ length: 40_000 }, (_, i) => `w${(i * 7_919) % 40_000}`.padEnd(3 + (i % 40), 'x'));
    const mails = Array.from({ length: 400 }, (_, i) => ({
      fields: [],
      body: [words.slice(i * 100, i * 100 + 160).join(i % 2 ? ' ' : ', ')],
    }));
    assertFinds(blockOf(mails), mails, 40);
  });
});
