import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { MessageFilter } from '#mailstore/api';
import { type Bench, context, type OpenStore, simple, withStore } from './harness.ts';

const DAY = 86_400_000;
const at = (day: number): number => Date.UTC(2020, 0, day);

/** 1: plain. 2: HTML in base64. 3: encoded words, attachment. 4: no Date, long. 5: nested message. */
async function corpus(bench: Bench): Promise<{ readonly accountId: 'a'; readonly mailboxId: number }> {
  const inbox = await bench.account('a');
  const ref = { accountId: 'a', mailboxId: inbox.id } as const;
  const texts: readonly (readonly [string, readonly string[]])[] = [
    [simple('Invoice 42', 'Please pay the rent.', 'Date: Wed, 01 Jan 2020 12:00:00 +0000\r\nX-Empty:\r\n'), ['$seen']],
    [
      simple(
        'page',
        Buffer.from('<p>Gr&uuml;&szlig;e aus <b>K\u00f6ln</b></p>').toString('base64'),
        'Date: Thu, 02 Jan 2020 12:00:00 +0000\r\nContent-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n',
      ),
      ['$flagged', 'work'],
    ],
    [
      simple(
        '=?iso-8859-1?q?Caf=E9_society?=',
        '--b\r\nContent-Type: text/plain\r\n\r\nsee attachment\r\n--b\r\nContent-Type: application/pdf; name=plan.pdf\r\n\r\nJVBERi0\r\n--b--',
        'Date: Fri, 03 Jan 2020 12:00:00 +0000\r\nContent-Type: multipart/mixed; boundary=b\r\n',
      ),
      [],
    ],
    [simple('long', `${'filler '.repeat(2_000)}needle`), ['$seen', '$deleted']],
    [
      simple(
        'Fwd',
        'From: x@example.com\r\nSubject: inner secret\r\n\r\nburied words',
        'Date: Sun, 05 Jan 2020 12:00:00 +0000\r\nContent-Type: message/rfc822\r\n',
      ),
      [],
    ],
  ];
  for (const [i, [text, keywords]] of texts.entries()) {
    const message = await bench.stage(text);
    await bench.store.append(context, ref, [{ message, keywords, internalDate: at(10 + i) }]);
    await bench.clock.advance(DAY);
  }
  return ref;
}

const all = (...of: MessageFilter[]): MessageFilter => ({ kind: 'and', of });
const any = (...of: MessageFilter[]): MessageFilter => ({ kind: 'or', of });
const not = (of: MessageFilter): MessageFilter => ({ kind: 'not', of });
const keyword = (name: string): MessageFilter => ({ kind: 'keyword', keyword: name });
const text = (words: string): MessageFilter => ({ kind: 'text', text: words });
const body = (words: string): MessageFilter => ({ kind: 'body', text: words });
const header = (field: string, words: string): MessageFilter => ({ kind: 'header', field, text: words });
const uids = (...list: number[]): MessageFilter => ({
  kind: 'uids',
  ranges: list.map((uid) => ({ first: uid, last: uid })),
});
const STARTED = Date.UTC(2026, 0, 1);

const cases: readonly (readonly [string, MessageFilter, readonly number[]])[] = [
  ['all', { kind: 'all' }, [1, 2, 3, 4, 5]],
  ['no and', all(), [1, 2, 3, 4, 5]],
  ['no or', any(), []],
  ['uids', uids(5, 1, 9), [1, 5]],
  ['uids to the end', { kind: 'uids', ranges: [{ first: 4, last: Infinity }] }, [4, 5]],
  ['very many uids', uids(...Array.from({ length: 3_000 }, (_, i) => 2 * i + 1)), [1, 3, 5]],
  ['not very many uids', not(uids(...Array.from({ length: 3_000 }, (_, i) => 2 * i + 1))), [2, 4]],
  ['uid from', { kind: 'uidFrom', uid: 4 }, [4, 5]],
  ['keyword', keyword('$SEEN'), [1, 4]],
  ['keyword that is the start of another', keyword('$see'), []],
  ['not keyword', not(keyword('$seen')), [2, 3, 5]],
  ['both keywords', all(keyword('$seen'), keyword('$deleted')), [4]],
  ['either', any(keyword('work'), keyword('$deleted')), [2, 4]],
  ['neither', not(any(keyword('work'), keyword('$deleted'))), [1, 3, 5]],
  ['larger', { kind: 'sizeOver', bytes: 5_000 }, [4]],
  ['smaller', { kind: 'sizeUnder', bytes: 5_000 }, [1, 2, 3, 5]],
  ['arrived on a day', { kind: 'date', field: 'internalDate', from: at(11), to: at(12) }, [2]],
  ['arrived before', { kind: 'date', field: 'internalDate', to: at(12) }, [1, 2]],
  ['sent on or after', { kind: 'date', field: 'sentAt', from: at(3) }, [3, 4, 5]],
  ['sent on a day; without Date, arrived', { kind: 'date', field: 'sentAt', from: at(13), to: at(14) }, [4]],
  ['saved', { kind: 'date', field: 'savedDate', from: STARTED + DAY, to: STARTED + 3 * DAY }, [2, 3]],
  ['any date', { kind: 'date', field: 'savedDate' }, [1, 2, 3, 4, 5]],
  ['subject', header('SUBJECT', 'invoice'), [1]],
  ['decoded subject', header('subject', 'CAFÉ s'), [3]],
  ['subject as sent is not what it says', header('subject', 'iso-8859-1'), []],
  ['field is there', header('Date', ''), [1, 2, 3, 5]],
  ['empty field is there', header('X-Empty', ''), [1]],
  ['field is not there', not(header('date', '')), [4]],
  ['address', header('from', 'ANN@'), [1, 2, 3, 4, 5]],
  ['body', body('rent'), [1]],
  ['body is not the header', body('Invoice'), []],
  ['decoded body', body('grüße aus köln'), [2]],
  ['markup is not text', body('<b>'), []],
  ['far down', body('NEEDLE'), [4]],
  ['inside a forwarded message', body('buried'), [5]],
  ['text finds both', any(text('invoice'), text('pay')), [1]],
  ['text and keyword', all(text('e'), keyword('$seen'), not(text('needle'))), [1]],
  ['text or keyword', any(body('rent'), keyword('work')), [1, 2]],
  ['not text', not(text('ann')), []],
  ['nothing matches', text('absent'), []],
  ['a part of a word', body('eedl'), [4]],
  ['over white space as it is', body('pay the rent'), [1]],
  ['not over white space that is not there', body('pay  the'), []],
  ['one letter', body('z'), []],
  ['two letters', header('subject', 'ca'), [3]],
  ['without its accents', body('grusse aus koln'), []],
  ['letters without accents', body('Koln'), [2]],
  ['accents that are not there', header('subject', 'invoicé'), [1]],
  ['the name of an attachment', text('plan.pdf'), [3]],
  ['punctuation', header('from', '<ann@example.com>'), [1, 2, 3, 4, 5]],
  ['a quote', text('"'), []],
];

const FOLDED_TEXTS = [
  'İstanbul ve Iğdır, DIŞARI',
  'STRASSE und Straße',
  'ΟΔΟΣ ΣΊΣΥΦΟΣ',
  'Cafe\u0301 nin\u0303o',
  'مُحَمَّد والعربية',
  'ภาษาไทยไม่มีช่องว่าง',
  'ｶﾞｷﾞ ＡＢＣ ガギ',
  'eﬃcient ①',
] as const;

const FOLDED: readonly (readonly [words: string, uids: readonly number[]])[] = [
  // RFC 5051 §2: titlecase, then decomposition. The dotless i's capital is I; İ is I and a dot, which is left out as accents are.
  ['istanbul', [1]],
  ['ISTANBUL', [1]],
  ['dışarı', [1]],
  ['disari', [1]],
  // ß has no capital of one letter.
  ['strasse', [2]],
  ['straße', [2]],
  ['stras', [2]],
  ['aßE', [2]],
  // One letter, whatever stands after it.
  ['οδος', [3]],
  ['οδοσ', [3]],
  ['Σίσ', [3]],
  ['ΟΣ σ', [3]],
  ['café', [4]],
  ['CAFE', [4]],
  ['niño', [4]],
  ['nino', [4]],
  // Arabic marks of vowels are letters of their own to RFC 5051.
  ['محمد', []],
  ['مُحَمَّد', [5]],
  ['العربي', [5]],
  ['ไม่มี', [6]],
  ['ษาไ', [6]],
  ['ガギ', [7]],
  ['ｶﾞ', [7]],
  ['abc', [7]],
  ['カ', []],
  ['efficient', [8]],
  ['1', [8]],
];

export function searchContract(open: OpenStore): void {
  describe('search', () => {
    it('finds parts of texts in any script, before and after more mail came and some went', () =>
      withStore(open, async (bench) => {
        const inbox = await bench.account('a');
        const ref = { accountId: 'a', mailboxId: inbox.id };
        const utf8 = 'Content-Type: text/plain; charset=utf-8\r\n';
        const texts = [
          '東京都の天気は晴れ',
          'Привет, мир',
          'สวัสดีชาวโลก',
          'smile 😀🚀 rocket',
          '안녕하세요 세계',
          '日本語と English の混在',
        ];
        for (const [i, words] of texts.entries()) await bench.append(inbox, 'a', simple(`n${i}`, words, utf8));
        const find = async (words: string): Promise<readonly number[]> =>
          (await bench.store.search(context, ref, body(words))).uids;
        const found = async (): Promise<readonly (readonly number[])[]> =>
          Promise.all(['京都', '天', 'ПРИВЕТ', 'วัส', '🚀', '하세', 'と English', 'english', 'ми', '京 都'].map(find));
        const expected = [[1], [1], [2], [3], [4], [5], [6], [6], [2], []];
        assert.deepEqual(await found(), expected);
        await bench.append(inbox, 'a', simple('late', '京都', utf8));
        await bench.store.expunge(context, ref, [{ first: 2, last: 2 }], { any: true });
        assert.deepEqual(await found(), [[1, 7], [1], [], [3], [4], [5], [6], [6], [], []]);
      }));

    it('folds letters as i;unicode-casemap does, and accents, but no more', () =>
      withStore(open, async (bench) => {
        const inbox = await bench.account('a');
        const ref = { accountId: 'a', mailboxId: inbox.id };
        const utf8 = 'Content-Type: text/plain; charset=utf-8\r\n';
        for (const [i, words] of FOLDED_TEXTS.entries()) await bench.append(inbox, 'a', simple(`n${i}`, words, utf8));
        for (const [words, expected] of FOLDED)
          assert.deepEqual((await bench.store.search(context, ref, body(words))).uids, expected, words);
      }));

    it('finds what the filter says', () =>
      withStore(open, async (bench) => {
        const ref = await corpus(bench);
        for (const [what, filter, expected] of cases) {
          const found = await bench.store.search(context, ref, filter);
          assert.deepEqual(found.uids, expected, what);
          const messages = await bench.messages('a', ref.mailboxId);
          const modSeqs = messages.filter(({ uid }) => expected.includes(uid)).map(({ modSeq }) => modSeq);
          assert.equal(found.modSeq, Math.max(0, ...modSeqs), what);
        }
        const [, second, third] = await bench.messages('a', ref.mailboxId);
        const since = await bench.store.search(context, ref, { kind: 'modSeqFrom', modSeq: third!.modSeq });
        assert.deepEqual(since.uids, [3, 4, 5]);
        const { modSeq } = second!;
        assert.deepEqual((await bench.store.search(context, ref, { kind: 'modSeqFrom', modSeq })).uids, [2, 3, 4, 5]);
      }));
  });
}
