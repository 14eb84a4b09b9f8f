import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { seededRandom } from '#stdx';
import { ArgumentReader } from './argument-reader.ts';
import { BadCharsetError, ImapSyntaxError } from './errors.ts';
import { parseFetch } from './parse/fetch.ts';
import {
  parseCreate,
  parseList,
  parseLsub,
  parseMailbox,
  parseRename,
  parseSelect,
  parseStatus,
} from './parse/mailbox.ts';
import { parseAppendItem, parseCopy, parseStore, parseUidExpunge } from './parse/message.ts';
import { parseSearch } from './parse/search.ts';
import { parseAuthenticate, parseEnable, parseId, parseLogin, parseNothing, parseQuotaRoot } from './parse/session.ts';

const reader = (text: string): ArgumentReader => new ArgumentReader(Buffer.from(text, 'latin1'));

const PARSERS: Readonly<Record<string, (reader: ArgumentReader) => unknown>> = {
  nothing: parseNothing,
  login: parseLogin,
  authenticate: parseAuthenticate,
  enable: parseEnable,
  id: parseId,
  quota: parseQuotaRoot,
  select: (r) => parseSelect(r, 'utf7'),
  mailbox: (r) => parseMailbox(r, 'utf7'),
  mailbox8: (r) => parseMailbox(r, 'utf8'),
  create: (r) => parseCreate(r, 'utf7'),
  rename: (r) => parseRename(r, 'utf7'),
  status: (r) => parseStatus(r, 'utf7'),
  list: (r) => parseList(r, 'utf7'),
  lsub: (r) => parseLsub(r, 'utf7'),
  fetch: parseFetch,
  store: parseStore,
  copy: (r) => parseCopy(r, 'utf7'),
  uidExpunge: parseUidExpunge,
  search: parseSearch,
  appendItem: parseAppendItem,
};

const GOOD: readonly [parser: string, text: string, expected: object | null][] = [
  ['login', 'ann "pa\\"ss \\\\"', { username: 'ann', password: 'pa"ss \\' }],
  ['login', '{3}\r\nann {2+}\r\np\xc3', null],
  ['login', '"" ""', { username: '', password: '' }],
  ['authenticate', 'plain =', { mechanism: 'PLAIN', initialResponse: '=' }],
  ['enable', 'condstore UTF8=ACCEPT', { capabilities: ['CONDSTORE', 'UTF8=ACCEPT'] }],
  ['id', 'nil', { fields: null }],
  [
    'id',
    '("name" "x" "version" NIL)',
    {
      fields: new Map([
        ['name', 'x'],
        ['version', null],
      ]),
    },
  ],
  ['id', '()', { fields: new Map() }],
  ['mailbox', 'inbox', { mailbox: 'INBOX' }],
  ['mailbox', 'Inbox/sub', { mailbox: 'INBOX/sub' }],
  ['mailbox', '"Entw&APw-rfe"', { mailbox: 'Entwürfe' }],
  ['mailbox', '"Entw\xc3\xbcrfe"', { mailbox: 'Entwürfe' }],
  ['mailbox8', '"a&b \xc3\xbc"', { mailbox: 'a&b ü' }],
  ['mailbox', '{1}\r\nx', { mailbox: 'x' }],
  ['select', 'a (CONDSTORE)', { mailbox: 'a', asSent: 'a', condstore: true, qresync: null }],
  ['select', 'iNbox', { mailbox: 'INBOX', asSent: 'iNbox', condstore: false, qresync: null }],
  [
    'select',
    'a (QRESYNC (7 20 1:5,9 (1,3 1,5)))',
    {
      mailbox: 'a',
      asSent: 'a',
      condstore: false,
      qresync: {
        uidValidity: 7,
        modSeq: 20,
        knownUids: [
          { first: 1, last: 5 },
          { first: 9, last: 9 },
        ],
        match: {
          sequence: [
            { first: 1, last: 1 },
            { first: 3, last: 3 },
          ],
          uids: [
            { first: 1, last: 1 },
            { first: 5, last: 5 },
          ],
        },
      },
    },
  ],
  ['create', 'x (USE (\\Sent))', { mailbox: 'x', asSent: 'x', use: ['\\Sent'] }],
  ['rename', 'a inbox/B', { from: 'a', fromAsSent: 'a', to: 'INBOX/B', toAsSent: 'inbox/B' }],
  ['status', 'x (MESSAGES uidnext MESSAGES)', { mailbox: 'x', items: ['MESSAGES', 'UIDNEXT'] }],
  [
    'list',
    '(SUBSCRIBED RECURSIVEMATCH) "" (a* "b%") RETURN (CHILDREN STATUS (UNSEEN))',
    {
      reference: '',
      patterns: ['a*', 'b%'],
      selection: new Set(['SUBSCRIBED', 'RECURSIVEMATCH']),
      returns: new Set(['CHILDREN']),
      status: ['UNSEEN'],
      extended: true,
    },
  ],
  [
    'list',
    '"" %',
    { reference: '', patterns: ['%'], selection: new Set(), returns: new Set(), status: null, extended: false },
  ],
  [
    'fetch',
    '1:*,5 (FLAGS)',
    {
      messages: [
        { first: 1, last: '*' },
        { first: 5, last: 5 },
      ],
      items: [{ kind: 'flags' }],
      changedSince: 0,
      vanished: false,
    },
  ],
  [
    'fetch',
    '$ body.peek[1.2.header.fields (from "to")]<3.9>',
    {
      messages: '$',
      items: [
        {
          kind: 'section',
          section: { part: [1, 2], text: 'HEADER.FIELDS', fields: ['from', 'to'] },
          partial: { start: 3, length: 9 },
          peek: true,
          label: 'BODY',
        },
      ],
      changedSince: 0,
      vanished: false,
    },
  ],
  [
    'fetch',
    '1 (binary.peek[1.2]<0.9> BINARY.SIZE[])',
    {
      messages: [{ first: 1, last: 1 }],
      items: [
        { kind: 'binary', part: [1, 2], partial: { start: 0, length: 9 }, peek: true },
        { kind: 'binarySize', part: [] },
      ],
      changedSince: 0,
      vanished: false,
    },
  ],
  [
    'fetch',
    '1 (UID) (CHANGEDSINCE 9 VANISHED)',
    { messages: [{ first: 1, last: 1 }], items: [{ kind: 'uid' }], changedSince: 9, vanished: true },
  ],
  [
    'store',
    '1 +FLAGS.SILENT (\\Seen foo)',
    { messages: [{ first: 1, last: 1 }], mode: 'add', silent: true, flags: ['\\Seen', 'foo'], unchangedSince: null },
  ],
  [
    'store',
    '1 (UNCHANGEDSINCE 5) FLAGS \\Seen x',
    { messages: [{ first: 1, last: 1 }], mode: 'replace', silent: false, flags: ['\\Seen', 'x'], unchangedSince: 5 },
  ],
  ['copy', '2:4 inbox', { messages: [{ first: 2, last: 4 }], mailbox: 'INBOX' }],
  [
    'appendItem',
    '(\\Seen) " 1-Feb-2026 10:00:00 +0100" {5}\r\n',
    { flags: ['\\Seen'], internalDate: Date.UTC(2026, 1, 1, 9), utf8: false },
  ],
  ['appendItem', 'UTF8 (~{5+}\r\n', { flags: [], internalDate: null, utf8: true }],
  ['search', 'ALL', { result: null, key: { kind: 'all' }, usesModSeq: false, charset: null, charsetKnown: true }],
  [
    'search',
    'RETURN () CHARSET UTF-8 OR SEEN NOT (FROM "\xc3\xbc" 1:2) SENTON 1-Feb-2026',
    {
      result: { min: false, max: false, all: true, count: false, save: false, partial: null },
      key: {
        kind: 'and',
        of: [
          {
            kind: 'or',
            of: [
              { kind: 'flag', flag: '\\Seen', set: true },
              {
                kind: 'not',
                of: {
                  kind: 'and',
                  of: [
                    { kind: 'header', field: 'From', text: 'ü' },
                    { kind: 'sequence', set: [{ first: 1, last: 2 }] },
                  ],
                },
              },
            ],
          },
          { kind: 'date', field: 'sentDate', relation: 'on', day: Date.UTC(2026, 1, 1) },
        ],
      },
      usesModSeq: false,
      charset: 'UTF-8',
      charsetKnown: true,
    },
  ],
  [
    'search',
    'CHARSET iso-8859-1 SUBJECT "\xfc"',
    {
      result: null,
      key: { kind: 'header', field: 'Subject', text: 'ü' },
      usesModSeq: false,
      charset: 'iso-8859-1',
      charsetKnown: true,
    },
  ],
  [
    'search',
    'MODSEQ "/flags/\\\\Seen" all 7',
    { result: null, key: { kind: 'modSeq', modSeq: 7 }, usesModSeq: true, charset: null, charsetKnown: true },
  ],
];

const BAD: readonly [parser: string, text: string][] = [
  ['nothing', ' x'],
  ['login', 'ann'],
  ['login', 'ann '],
  ['login', 'ann "x'],
  ['login', 'ann "x\\y"'],
  ['login', 'ann "a\0b"'],
  ['login', 'ann "a\rb"'],
  ['login', 'ann {2}\r\nx'],
  ['login', 'ann {2} xx'],
  ['login', 'ann {1}\r\n\0'],
  ['login', 'ann b c'],
  ['login', 'a%b c'],
  ['enable', ''],
  ['id', '("a")'],
  ['id', '("a" "b"'],
  ['mailbox', 'a&b'],
  ['mailbox8', '"\xff"'],
  ['select', 'a (FOO)'],
  ['select', 'a (QRESYNC (0 1))'],
  ['status', 'a ()'],
  ['status', 'a (FOO)'],
  ['status', 'a MESSAGES'],
  ['list', '"" ()'],
  ['list', '(RECURSIVEMATCH) "" *'],
  ['list', '(FOO) "" *'],
  ['list', '"" * RETURN (FOO)'],
  ['fetch', '1'],
  ['fetch', '0 FLAGS'],
  ['fetch', '1: FLAGS'],
  ['fetch', '1:2: FLAGS'],
  ['fetch', ',1 FLAGS'],
  ['fetch', '99999999999 FLAGS'],
  ['fetch', '1 ()'],
  ['fetch', '1 (FLAGS'],
  ['fetch', '1 FOO'],
  ['fetch', '1 BODY['],
  ['fetch', '1 BODY[1.]'],
  ['fetch', '1 BODY[0]'],
  ['fetch', '1 BODY[MIME]'],
  ['fetch', '1 BODY[HEADER.FIELDS]'],
  ['fetch', '1 BODY[HEADER.FIELDS ()]'],
  ['fetch', '1 BODY[1TEXT]'],
  ['fetch', '1 BODY[]<0.0>'],
  ['fetch', '1 BODY[]<0>'],
  ['fetch', '1 BODY[]<-1.5>'],
  ['fetch', '1 (ALL FLAGS)'],
  ['fetch', '1 FLAGS (CHANGEDSINCE)'],
  ['store', '1 FLAGS'],
  ['store', '1 FOO (x)'],
  ['store', '1 +FLAGS (x'],
  ['store', '1 +FLAGS x)'],
  ['copy', '1'],
  ['search', ''],
  ['search', 'FOO'],
  ['search', 'NOT'],
  ['search', 'OR SEEN'],
  ['search', '(SEEN'],
  ['search', 'SEEN)'],
  ['search', 'SINCE 31-Feb-2026'],
  ['search', 'SINCE 1-Foo-2026'],
  ['search', 'FROM "\xff"'],
  ['search', 'RETURN (FOO) ALL'],
  ['search', 'LARGER -1'],
  ['search', 'constructor'],
  ['search', '('.repeat(60)],
  ['search', `${'NOT '.repeat(60)}SEEN`],
  ['fetch', '1 BINARY'],
  ['fetch', '1 BINARY[TEXT]'],
  ['fetch', '1 BINARY.SIZE[1]<0.5>'],
  ['fetch', '1 BINARY[1.]'],
  ['appendItem', '" 1-Foo-2026 10:00:00 +0100" {5}\r\n'],
];

describe('command arguments', () => {
  for (const [parser, text, expected] of GOOD)
    it(`${parser} ${JSON.stringify(text)}`, () => {
      if (expected === null) assert.throws(() => PARSERS[parser]!(reader(text)), ImapSyntaxError);
      else assert.deepEqual(PARSERS[parser]!(reader(text)), expected);
    });

  for (const [parser, text] of BAD)
    it(`${parser} refuses ${JSON.stringify(text).slice(0, 60)}`, () =>
      assert.throws(() => PARSERS[parser]!(reader(text)), ImapSyntaxError));

  it('search in a charset nobody knows', () =>
    assert.equal(parseSearch(reader('CHARSET x-klingon TEXT a')).charsetKnown, false));

  it('refusals are lines of ASCII', () => {
    for (const [parser, text] of BAD) {
      try {
        PARSERS[parser]!(reader(text));
      } catch (error) {
        assert.match((error as Error).message, /^[\x20-\x7e]+$/);
      }
    }
  });

  it('throws nothing but syntax errors, whatever comes', () => {
    const random = seededRandom(4);
    const seeds = [...GOOD, ...BAD];
    const rounds = Number(process.env['ROOKERY_FUZZ_ROUNDS'] ?? 5_000);
    for (let round = 0; round < rounds; round++) {
      const [, text] = seeds[Math.floor(random.fraction() * seeds.length)]!;
      const bytes = mutate(Buffer.from(text, 'latin1'), random);
      for (const parse of Object.values(PARSERS)) {
        try {
          parse(new ArgumentReader(bytes));
        } catch (error) {
          if (!(error instanceof ImapSyntaxError || error instanceof BadCharsetError))
            throw new Error(`${JSON.stringify(bytes.toString('latin1'))}: ${error}`, { cause: error });
        }
      }
    }
  });
});

function mutate(bytes: Buffer, random: ReturnType<typeof seededRandom>): Buffer {
  const pick = (n: number): number => Math.floor(random.fraction() * n);
  const parts = [bytes];
  for (let i = 0; i < 1 + pick(4); i++) {
    const whole = Buffer.concat(parts.splice(0));
    const at = pick(whole.length + 1);
    const insert = Buffer.from(
      ['(', ')', '"', '{3}\r\n', ' ', '\\', '*', ':', ',', '[', ']', '<', '>', '\0', '\xff', '1', '.', '~'][pick(18)]!,
      'latin1',
    );
    parts.push(whole.subarray(0, at), pick(2) ? insert : Buffer.alloc(0), whole.subarray(at + pick(3)));
  }
  return Buffer.concat(parts);
}
