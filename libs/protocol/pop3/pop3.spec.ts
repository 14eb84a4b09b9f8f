import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  capabilities,
  decodePop3Mark,
  encodePop3Mark,
  LineReader,
  languageReply,
  Pop3ClientScanner,
  Pop3SyntaxError,
  parseAuth,
  parseCommandLine,
  parseLang,
  parseMessageNumber,
  parseNothing,
  parseOptionalMessageNumber,
  parsePass,
  parseTop,
  parseUser,
} from './index.ts';

/** What a reader finds in the pieces, and what is left. */
function read(bytesMax: number, pieces: readonly Buffer[]) {
  const reader = new LineReader(bytesMax);
  const lines: string[] = [];
  for (const piece of pieces) {
    reader.push(piece);
    for (let line = reader.next(); line; line = reader.next())
      lines.push(line.kind === 'line' ? line.text.toString('latin1') : '<too long>');
  }
  return lines;
}

const cut = (text: Buffer, size: number): Buffer[] =>
  Array.from({ length: Math.ceil(text.length / size) }, (_, i) => text.subarray(i * size, (i + 1) * size));

describe('LineReader', () => {
  for (const [text, lines] of [
    ['NOOP\r\nSTAT\r\n', ['NOOP', 'STAT']],
    ['NOOP\nSTAT\n', ['NOOP', 'STAT']],
    ['\r\n\n', ['', '']],
    ['a\rb\r\n', ['a\rb']],
    ['12345678\r\nok\r\n', ['12345678', 'ok']],
    ['123456789\r\nok\r\n', ['<too long>', 'ok']],
    [`${'x'.repeat(100)}\r\nok\r\n`, ['<too long>', 'ok']],
    ['unfinished', []],
  ] as const)
    it(`reads ${JSON.stringify(text.slice(0, 20))} however it is cut`, () => {
      for (let size = 1; size <= text.length; size++)
        assert.deepEqual(read(10, cut(Buffer.from(text), size)), lines, `pieces of ${size}`);
    });

  it('hands over what comes behind a line', () => {
    const reader = new LineReader(100);
    reader.push(Buffer.from('PASS x\r\nSTAT\r\nLI'));
    reader.next();
    assert.equal(reader.takeRest().toString(), 'STAT\r\nLI');
    assert.equal(reader.next(), undefined);
  });
});

describe('Pop3ClientScanner', () => {
  const scan = (pieces: readonly Buffer[]) => {
    const scanner = new Pop3ClientScanner();
    const ends: (readonly [number, string])[] = [];
    let from = 0;
    for (const piece of pieces) {
      scanner.scan(piece, ({ at, name }) => ends.push([from + at, name]));
      from += piece.length;
    }
    return { ends, open: scanner.open };
  };

  it('sees the same commands as the node, however they are cut', () => {
    const text = Buffer.from('stat\r\nRETR 12\n\r\nVERYLONGNAME x\r\nLI');
    for (let size = 1; size <= text.length; size++)
      assert.deepEqual(scan(cut(text, size)), {
        ends: [
          [6, 'STAT'],
          [14, 'RETR'],
          [16, ''],
          [32, 'VERYLONG'],
        ],
        open: true,
      });
  });
});

describe('parsers', () => {
  const bytes = (text: string): Buffer => Buffer.from(text);
  it('read', () => {
    assert.deepEqual(parseCommandLine(bytes('retr 5')), { name: 'RETR', rest: bytes('5') });
    assert.deepEqual(parseCommandLine(bytes('STAT')), { name: 'STAT', rest: bytes('') });
    assert.equal(parseMessageNumber(bytes('4294967295 ')), 4_294_967_295);
    assert.equal(parseOptionalMessageNumber(bytes(' ')), null);
    assert.deepEqual(parseTop(bytes('1  0')), { number: 1, lines: 0 });
    assert.equal(parseUser(bytes('jürgen@example.com ')), 'jürgen@example.com');
    assert.equal(parsePass(bytes(' two  spaces ')), ' two  spaces ');
    assert.deepEqual(parseAuth(bytes('plain =')), { mechanism: 'PLAIN', initialResponse: '=' });
    assert.deepEqual(parseAuth(bytes('')), { mechanism: null, initialResponse: null });
    assert.equal(parseLang(bytes('de-CH')), 'de-CH');
  });

  const refused: readonly (readonly [string, () => unknown])[] = [
    ['an argument too many', () => parseNothing(bytes('x'))],
    ['no number', () => parseMessageNumber(bytes(''))],
    ['a number that is none', () => parseMessageNumber(bytes('1x'))],
    ['a number that is too large', () => parseMessageNumber(bytes('4294967296'))],
    ['no name', () => parseUser(bytes('  '))],
    ['a name that is not UTF-8', () => parseUser(Buffer.from([0xff]))],
    ['a NUL', () => parsePass(bytes('a\0b'))],
    ['no password', () => parsePass(bytes(''))],
    ['no command', () => parseCommandLine(bytes(' STAT'))],
    ['three words of AUTH', () => parseAuth(bytes('PLAIN a b'))],
    ['two languages', () => parseLang(bytes('de en'))],
  ];
  for (const [what, parse] of refused) it(`refuse ${what}`, () => assert.throws(parse, Pop3SyntaxError));
});

describe('a POP3 mark', () => {
  const mark = { mailboxId: 1, uidValidity: 7, uidNext: 9, modSeq: 12, deleted: [1, 3, 8, 8] };
  it('comes back as it went', () => assert.deepEqual(decodePop3Mark(encodePop3Mark(mark)), mark));

  it('gives up what is too long to travel', () => {
    const deleted = Array.from({ length: 2_000 }, (_, i) => 2 * i);
    assert.equal(decodePop3Mark(encodePop3Mark({ ...mark, deleted })).deleted, null);
    assert.ok(encodePop3Mark({ ...mark, deleted }).length < 2_048);
  });

  it('of another release is refused', () => {
    for (const text of ['{}', '[2]', 'null']) assert.throws(() => decodePop3Mark(Buffer.from(text)), RangeError);
  });
});

it('capabilities before login depend on TLS', () => {
  const mechanisms = ['PLAIN', 'LOGIN'];
  const before = (tlsActive: boolean, loginAllowed: boolean) =>
    capabilities({ beforeLogin: { tlsActive, loginAllowed, mechanisms } }).filter((name) =>
      /STLS|USER$|SASL/.test(name),
    );
  assert.deepEqual(before(false, false), ['UTF8 USER', 'STLS']);
  assert.deepEqual(before(true, true), ['UTF8 USER', 'USER', 'SASL PLAIN LOGIN']);
});

it('LANG chooses by the first subtag', () => {
  assert.match(languageReply('en-GB'), /^\+OK en /);
  assert.match(languageReply('fr'), /^-ERR/);
});
